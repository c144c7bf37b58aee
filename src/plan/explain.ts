import { isAddress, isTensor, type Argument } from './plan.js';
import type { PlanRunner, Run } from './runner.js';
import { evaluate, type Size } from './size.js';

/** A plan as text: every tensor with its address at a run's sizes, every step with its arguments. */
export function explainPlan(runner: PlanRunner, run: Run): string {
  runner.prepare(run);
  const shape = (sizes: readonly Size[]): string => `[${sizes.map(print).join(', ')}]`;
  const actual = (sizes: readonly Size[]): string => `[${sizes.map((s) => evaluate(s, run.sizes)).join(', ')}]`;
  const tensors = runner.plan.tensors
    .filter((tensor) => runner.hasPlace(tensor))
    .map((tensor) => {
      const address = String(runner.address(tensor, run)).padStart(9);
      const bytes = String(evaluate(tensor.bytes, run.sizes)).padStart(9);
      return `${address} ${bytes}  ${tensor.region.padEnd(8)} ${tensor.name} ${shape(tensor.shape)} = ${actual(tensor.shape)}`;
    });
  const steps = runner.plan.steps.map(
    (step, i) =>
      `${String(i + 1).padStart(4)}  ${step.owner}: ${step.kernel}(${step.arguments.map(printArgument).join(', ')})`,
  );
  return ['  address     bytes  region   tensor', ...tensors, '', 'steps', ...steps].join('\n');
}

function printArgument(argument: Argument): string {
  if (isTensor(argument)) return argument.name;
  if (isAddress(argument)) return `${argument.tensor.name}+${print(argument.offset)}`;
  return print(argument);
}

function print(size: Size): string {
  if (typeof size === 'number') return String(size);
  switch (size.op) {
    case 'symbol':
      return size.label;
    case 'add':
      return `(${print(size.left)} + ${print(size.right)})`;
    case 'multiply':
      return `${print(size.left)}·${print(size.right)}`;
    case 'atLeastZero':
      return `max(0, ${print(size.of)})`;
  }
}
