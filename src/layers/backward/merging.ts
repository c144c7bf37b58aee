import type { Backward, BackwardContext } from '../../graph/backward.js';
import { copyArguments, reversed, type Copy } from '../../graph/copy.js';
import { known } from '../../plan/known.js';
import type { PlanTensor } from '../../plan/plan.js';
import { add, multiply as product, type Size } from '../../plan/size.js';
import { broadcastOf, mergeArguments } from '../merging.js';

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
      if (dx !== null && copy !== null) emitBroadcastBack(context, reversed(copy), wide, dx);
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

/**
 * Hands the gradient of a broadcast input back: what went to many places is summed. Where features were one value, and there are
 * axes inside of steps, there are more axes than a copy walks along: one of those inside is walked along here.
 */
function emitBroadcastBack(context: BackwardContext, copy: Copy, dy: PlanTensor, dx: PlanTensor): void {
  const { axes, fromOffset = 0, toOffset = 0 } = copy;
  const inside = axes.findIndex(({ count }, i) => i > 1 && typeof count === 'number');
  const axis = axes[inside];
  if (axis === undefined || axes.length < 4 || axes.some(({ to }) => to === 4)) {
    context.emit('copyRows', ...copyArguments(copy, dy, dx, 1));
    return;
  }
  for (let i = 0; i < Number(axis.count); i++) {
    const part = {
      axes: axes.filter((_, at) => at !== inside),
      fromOffset: add(fromOffset, product(i, axis.from)),
      toOffset: add(toOffset, product(i, axis.to)),
    };
    emitBroadcastBack(context, part, dy, dx);
  }
}
