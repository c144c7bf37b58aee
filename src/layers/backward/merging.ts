import type { Backward, BackwardContext } from '../../graph/backward.js';
import { known } from '../../plan/known.js';
import type { PlanTensor } from '../../plan/plan.js';
import { multiply as product, type Size } from '../../plan/size.js';
import { broadcastBack, broadcastOf, mergeArguments } from '../merging.js';

type Emit = (context: BackwardContext, dy: PlanTensor, dx: PlanTensor, which: number, count: Size) => void;

/** dx += factor · dy, of sums. */
function scaled(factor: (which: number, inputs: number) => number): Backward<unknown> {
  return merged((context, dy, dx, which, count) => {
    context.emit('addScaled', dy, dx, count, factor(which, context.forward.inputs));
  });
}

/** dx_i += dy ⊙ the product of the others. */
const multiplied = merged((context, dy, dx, which, count) => {
  const { forward } = context;
  const others = Array.from({ length: forward.inputs }, (_, i) => i).filter((i) => i !== which);
  const last = forward.kept(`part${known(others.pop(), 'a factor')}`);
  let before = dy;
  for (const other of others) {
    const next = context.scratch(`product${which}`, forward.outputLeading, dy.rowBytes / 4);
    context.emit('merge', ...mergeArguments(forward, 2, before, forward.kept(`part${other}`), next));
    before = next;
  }
  const rows = product(count, 4 / dy.rowBytes);
  context.emit('addProduct', before, last, dx, rows, dy.rowBytes / 4, rows);
});

/** dy goes to the input that the value came from, the first of equal ones. */
const extremum: Backward<unknown> = {
  emit: (context) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const left = context.scratch('left', context.forward.outputLeading, dy.rowBytes / 4);
    context.emit('copy', left, dy, dy.bytes);
    forEachInput(
      context,
      dy,
      (target, which, count) => {
        context.emit(
          'extremumBackward',
          context.forward.kept(`part${which}`),
          context.forward.result(),
          left,
          target,
          count,
        );
      },
      true,
    );
  },
};

function merged(emit: Emit): Backward<unknown> {
  return {
    emit: (context) => {
      const dy = context.outputGradient();
      if (dy === null) return;
      forEachInput(context, dy, (target, which, count) => {
        emit(context, dy, target, which, count);
      });
    },
  };
}

/** Calls `emit` with the place of each input's gradient; that of a broadcast input is summed afterwards. */
function forEachInput(
  context: BackwardContext,
  dy: PlanTensor,
  emit: (target: PlanTensor, which: number, count: Size) => void,
  isInTurn = false,
): void {
  const { forward } = context;
  const count = product(dy.bytes, 0.25);
  for (let which = 0; which < forward.inputs; which++) {
    const dx = context.inputGradient(which);
    const copy = broadcastOf(forward.viewOf(which), forward.viewOf('output'));
    if (dx !== null && copy === null) emit(dx, which, count);
    else if (dx !== null || isInTurn) {
      const wide = context.scratch(`d(part${which})`, forward.outputLeading, dy.rowBytes / 4);
      context.emit('zero', wide, wide.bytes);
      emit(wide, which, count);
      if (dx !== null && copy !== null) context.emit('copyRows', ...broadcastBack(copy, wide, dx));
    }
  }
}

export const mergeBackward = {
  Add: scaled(() => 1),
  Subtract: scaled((which) => (which === 0 ? 1 : -1)),
  Average: scaled((_, inputs) => 1 / inputs),
  Multiply: multiplied,
  Maximum: extremum,
  Minimum: extremum,
};
