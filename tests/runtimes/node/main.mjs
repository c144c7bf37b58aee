// Prints the outcomes in Node, Deno and Bun.
import { compute } from '../spec.ts';
import { train } from '../training.ts';

console.log(JSON.stringify([compute(), await train()]));
