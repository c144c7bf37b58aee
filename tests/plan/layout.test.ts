/** Where a plan's tensors lie: never two that live at once in the same bytes, and no more bytes than that needs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layOut } from '../../src/plan/layout.js';
import { Plan, tensorsOf, type PlanTensor } from '../../src/plan/plan.js';

/** A plan of steps that each touch some of the tensors, the first of which are given and the last of which are wanted. */
const drawnPlan = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }),
    steps: fc.array(fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 20 }),
    given: fc.nat({ max: 3 }),
    wanted: fc.nat({ max: 3 }),
  })
  .map(({ sizes, steps, given, wanted }) => {
    const plan = new Plan();
    const tensors = sizes.map((_, i) => plan.dense(`t${i}`, [1]));
    for (const step of steps) {
      const touched = step.map((i) => tensors[i % tensors.length]);
      plan.steps.push({ kernel: 'copy', owner: 'test', arguments: touched });
    }
    const used = [...new Set(plan.steps.flatMap(tensorsOf))];
    used.slice(0, given).forEach((tensor) => plan.given.add(tensor));
    used.slice(used.length - wanted).forEach((tensor) => plan.wanted.add(tensor));
    const capacities = new Map<PlanTensor, number>(tensors.map((tensor, i) => [tensor, 16 * sizes[i]]));
    return { plan, capacities };
  });

describe('layOut', () => {
  test('gives tensors that live at the same step bytes of their own', () => {
    fc.assert(
      fc.property(drawnPlan, ({ plan, capacities }) => {
        const { offsets, bytes } = layOut(plan, capacities);
        const touched = plan.steps.map(tensorsOf);
        const place = (tensor: PlanTensor) => {
          const start = offsets.get(tensor) ?? NaN;
          const at = touched.map((tensors, step) => (tensors.includes(tensor) ? step : -1)).filter((step) => step >= 0);
          return {
            start,
            end: start + (capacities.get(tensor) ?? NaN),
            first: plan.given.has(tensor) ? -1 : at[0],
            last: plan.wanted.has(tensor) ? plan.steps.length : at[at.length - 1],
          };
        };
        const places = [...new Set(touched.flat())].map(place);
        places.forEach((a, i) => {
          expect(a.start % 16).toBe(0);
          expect(a.end).toBeLessThanOrEqual(bytes);
          for (const b of places.slice(0, i)) {
            const liveAtOnce = a.first <= b.last && b.first <= a.last;
            expect(liveAtOnce && a.start < b.end && b.start < a.end).toBe(false);
          }
        });
      }),
      { seed: 20_261_125, numRuns: 500 },
    );
  });

  test('lets tensors of one step after the other share bytes', () => {
    const plan = new Plan();
    const chain = Array.from({ length: 10 }, (_, i) => plan.dense(`t${i}`, [1]));
    for (let i = 1; i < chain.length; i++) plan.emit('test', 'copy', chain[i], chain[i - 1], 4);
    expect(layOut(plan, new Map(chain.map((tensor) => [tensor, 32]))).bytes).toBe(64);
  });

  test('refuses a wanted tensor that no step writes', () => {
    const plan = new Plan();
    plan.wanted.add(plan.dense('lost', [1]));
    expect(() => layOut(plan, new Map())).toThrow('bucle: nothing known of lost');
  });
});
