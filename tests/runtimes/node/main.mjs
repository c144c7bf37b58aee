// Prints the outcome in Node.
import { compute } from '../spec.ts';

console.log(JSON.stringify(compute()));
