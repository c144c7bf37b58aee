import { parentPort } from 'node:worker_threads';
import { portOf, type MessageTarget } from '../training/threads/port.js';
import { serve } from './serve.js';

/** The script of a thread in Node, Deno and Bun. */
serve(portOf(parentPort as unknown as MessageTarget));
