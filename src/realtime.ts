/** Sessions in real time: blocks of any size in and out. */
export { BlockAdapter, type BlockOptions } from './streaming/block-adapter.js';
