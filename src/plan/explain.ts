import { isAddress, isTensor, tensorsOf, type Argument, type Step } from './plan.js';
import type { PlanRunner, Run } from './runner.js';
import { evaluate, type Size, type SizeSymbol } from './size.js';

/** A plan as text: every tensor with its address at a run's sizes, every step with its arguments, fused ones with their calls. */
export function explainPlan(runner: PlanRunner, run: Run): string {
  runner.prepare(run);
  const { plan } = runner;
  const print = sizePrinter();
  const shape = (sizes: readonly Size[]): string => `[${sizes.map(print).join(', ')}]`;
  const actual = (sizes: readonly Size[]): string => `[${sizes.map((s) => evaluate(s, run.sizes)).join(', ')}]`;
  const touched = new Set(plan.steps.flatMap(tensorsOf));
  const tensors = plan.tensors
    .filter((tensor) => tensor.region === 'state' || touched.has(tensor))
    .map((tensor) => {
      const address = String(runner.address(tensor, run)).padStart(9);
      const bytes = String(evaluate(tensor.bytes, run.sizes)).padStart(9);
      return `${address} ${bytes}  ${tensor.region.padEnd(8)} ${tensor.name} ${shape(tensor.shape)} = ${actual(tensor.shape)}`;
    });
  const printArgument = (argument: Argument): string => {
    if (isTensor(argument)) return argument.name;
    if (isAddress(argument)) return `${argument.tensor.name}+${print(argument.offset)}`;
    return print(argument);
  };
  const printStep = ({ owner, kernel, arguments: args }: Step): string =>
    `${owner}: ${kernel}(${args.map(printArgument).join(', ')})`;
  const steps = plan.steps.flatMap((step, i) => {
    const number = `${String(i + 1).padStart(4)}  `;
    const { calls } = step;
    if (calls === undefined) return number + printStep(step);
    const rows = printArgument(step.arguments.at(-1) ?? 0);
    return [
      `${number}rowBlocks, ${rows} rows, a block through all of these:`,
      ...calls.map((call) => `        ${printStep(call)}`),
    ];
  });
  runner.release(run);
  return ['  address     bytes  region   tensor', ...tensors, '', 'steps', ...steps].join('\n');
}

/** Prints sizes; of several symbols with one label (the time lengths of several inputs), the later ones get a number. */
function sizePrinter(): (size: Size) => string {
  const known = new Map<string, SizeSymbol[]>();
  const print = (size: Size): string => {
    if (typeof size === 'number') return String(size);
    switch (size.op) {
      case 'symbol': {
        const namesakes = known.get(size.label) ?? [];
        if (!namesakes.includes(size)) known.set(size.label, [...namesakes, size]);
        const number = namesakes.includes(size) ? namesakes.indexOf(size) : namesakes.length;
        return number === 0 ? size.label : `${size.label}${number}`;
      }
      case 'add':
        return `(${print(size.left)} + ${print(size.right)})`;
      case 'multiply':
        return `${print(size.left)}·${print(size.right)}`;
      case 'atLeastZero':
        return `max(0, ${print(size.of)})`;
      case 'ceilDivide':
        return `⌈${print(size.of)} / ${size.by}⌉`;
      case 'addToAny':
        return `(${print(size.of)} + ${size.by}, of none 0)`;
    }
  };
  return print;
}
