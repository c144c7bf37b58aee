/** One instance and its memory: blocks that stay where they are, and are given back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deterministicInference } from '../../src/kernels/inference-build.js';
import { doublesOf, integersOf, trainingKernels } from '../../src/plan/training-kernels.js';
import { Workspace } from '../../src/plan/workspace.js';

const create = () => new Workspace(deterministicInference, 'test');

test('blocks are aligned, zeroed, apart from each other, and keep their values until they are released', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3000 })), { maxLength: 60 }), (requests) => {
      const workspace = create();
      const blocks: { address: number; floats: number; mark: number }[] = [];
      const valuesOf = ({ address, floats }: { address: number; floats: number }): Float32Array =>
        workspace.floats.subarray(address / 4, address / 4 + floats);
      requests.forEach(([isRelease, size], mark) => {
        if (isRelease && blocks.length > 0) {
          const [block] = blocks.splice(size % blocks.length, 1);
          workspace.release(block.address);
        } else {
          const block = { address: workspace.allocate(4 * size), floats: size, mark: mark + 1 };
          expect(block.address % 16).toBe(0);
          expect(valuesOf(block).every((value) => value === 0)).toBe(true);
          valuesOf(block).fill(block.mark);
          blocks.push(block);
        }
        for (const block of blocks) expect(valuesOf(block).every((value) => value === block.mark)).toBe(true);
      });
    }),
    { seed: 20_261_125, numRuns: 100 },
  );
});

test('memory grows for more blocks and not for the same ones again', () => {
  const workspace = create();
  const takeAndGive = (): void => {
    const addresses = Array.from({ length: 50 }, (_, i) => workspace.allocate(1000 * (i + 1)));
    for (const address of [...addresses.slice(25), ...addresses.slice(0, 25).reverse()]) workspace.release(address);
  };
  takeAndGive();
  const bytes = workspace.floats.byteLength;
  for (let round = 0; round < 20; round++) takeAndGive();
  expect(workspace.floats.byteLength).toBe(bytes);
});

test('views are made anew when memory grows', () => {
  const workspace = create();
  const address = workspace.allocate(16);
  workspace.floats[address / 4] = 7;
  workspace.allocate(10_000_000);
  expect(workspace.floats[address / 4]).toBe(7);
  expect(workspace.floats.buffer).toBe(workspace.kernels.memory.buffer);
  expect(integersOf(workspace).buffer).toBe(doublesOf(workspace).buffer);
});

test('the scratch block moves when it must grow, and only then', () => {
  const workspace = create();
  const first = workspace.scratch(1000);
  expect(workspace.scratch(10)).toBe(first);
  workspace.allocate(100);
  const larger = workspace.scratch(5000);
  expect(larger).not.toBe(first);
  expect(workspace.scratch(1000)).toBe(larger);
});

test('a block that is not there cannot be released', () => {
  const workspace = create();
  const address = workspace.allocate(16);
  workspace.release(address);
  expect(() => workspace.release(address)).toThrow(`bucle: nothing known of a block at ${address}`);
});

test('too much is refused with the figure, and changes nothing', () => {
  const workspace = create();
  const address = workspace.allocate(64);
  const bytes = workspace.floats.byteLength;
  expect(() => workspace.allocate(3 * 2 ** 30)).toThrow(
    /^test: out of memory: 307\d MB are needed, of 2048 MB at most$/,
  );
  expect(workspace.floats.byteLength).toBe(bytes);
  expect(workspace.allocate(16)).toBeGreaterThan(address);
});

test('an inference build says that it cannot train', () => {
  expect(() => trainingKernels(create())).toThrow(
    'test: training needs the training kernels, and this model was built with inference kernels only',
  );
});
