// Run by determinism.test.ts in a process of its own; with the argument "busy" it builds and trains another model first.
import { createModel, train } from './train-and-hash.js';

if (process.argv[2] === 'busy') await train(createModel(3, 11), { epochs: 2, seed: 8 });
console.log(await train(createModel(1), { epochs: 4, seed: 2 }));
