import { portOf, type MessageTarget } from '../training/threads/port.js';
import { serve } from './serve.js';

/** The script of a Web Worker. */
serve(portOf(globalThis as unknown as MessageTarget));
