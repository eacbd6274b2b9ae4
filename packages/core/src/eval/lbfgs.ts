/** Limited-memory BFGS for a smooth function of some thousand or million numbers, in float64 on the host. */

export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Ends when no entry of the gradient is larger. */
  readonly tolerance: number;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** The gradient is within the tolerance, or the value falls no more within the digits that it has. */
  readonly converged: boolean;
}

interface Point extends Evaluation {
  readonly x: Float64Array;
}

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** Their product, above 0. */
  readonly curvature: number;
}

/** Pairs that are remembered; scipy's and scikit-learn's `L-BFGS-B` keeps as many. */
const MEMORY = 10;
/** Nocedal and Wright, Numerical Optimization (2006), §3.1: values for quasi-Newton methods. */
const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const TRIALS = 40;
/** Digits of a mean that was summed from float32: a smaller share of the value says nothing. */
const NOISE = 1e-8;
/** Iterations in a row that may gain nothing. */
const PATIENCE = 3;

/**
 * The minimum near `start`: two-loop recursion (Nocedal and Wright, algorithm 7.4), and a line search that halves and doubles until the weak
 * Wolfe conditions hold (Lewis and Overton, Nonsmooth optimization via quasi-Newton methods, 2013, algorithm 2.6).
 */
export async function lbfgs(
  objective: (x: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  { maxIterations, tolerance }: LbfgsOptions,
): Promise<Minimum> {
  let at: Point = { x: start, ...(await objective(start)) };
  const memory: Correction[] = [];
  let [iterations, idle] = [0, 0];
  let within = largest(at.gradient) <= tolerance;
  while (!within && idle < PATIENCE && iterations < maxIterations) {
    const next = await lineSearch(objective, at, descent(at.gradient, memory), memory.length === 0);
    if (!next) {
      // The memory may be what is wrong; without any, the direction is the gradient's and there is nothing better to try.
      if (memory.length === 0) break;
      memory.length = 0;
      continue;
    }
    iterations++;
    idle = at.value - next.value > NOISE * Math.abs(at.value) ? 0 : idle + 1;
    remember(memory, at, next);
    at = next;
    within = largest(at.gradient) <= tolerance;
  }
  return { x: at.x, value: at.value, iterations, converged: within || iterations < maxIterations };
}

/** Minus the gradient, times the inverse Hessian as far as the memory knows it. */
function descent(gradient: Float64Array, memory: readonly Correction[]): Float64Array {
  const direction = gradient.map(value => -value);
  const shares: number[] = [];
  for (const { step, change, curvature } of memory.toReversed()) {
    const share = dot(step, direction) / curvature;
    shares.push(share);
    add(direction, change, -share);
  }
  const newest = memory.at(-1);
  if (newest) scale(direction, newest.curvature / dot(newest.change, newest.change));
  for (const { step, change, curvature } of memory) {
    add(direction, step, shares.pop()! - dot(change, direction) / curvature);
  }
  return direction;
}

/** The first point found along `direction` that meets the conditions; `undefined` when there is none within the digits that there are. */
async function lineSearch(
  objective: (x: Float64Array) => Promise<Evaluation>,
  at: Point,
  direction: Float64Array,
  first: boolean,
): Promise<Point | undefined> {
  const slope = dot(at.gradient, direction);
  if (!(slope < 0)) return undefined;
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  // Without memory nothing is known of the scale: a first step of length 1 at most.
  let length = first ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
  for (let trial = 0; trial < TRIALS; trial++) {
    const x = at.x.slice();
    add(x, direction, length);
    const next = { x, ...(await objective(x)) };
    const allowed = at.value + SUFFICIENT_DECREASE * length * slope + NOISE * Math.abs(at.value);
    if (!(next.value <= allowed)) high = length;
    else if (dot(next.gradient, direction) < CURVATURE * slope) low = length;
    else return next;
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return undefined;
}

function remember(memory: Correction[], from: Point, to: Point): void {
  const step = to.x.map((value, i) => value - from.x[i]!);
  const change = to.gradient.map((value, i) => value - from.gradient[i]!);
  const curvature = dot(step, change);
  if (!(curvature > 1e-12 * dot(change, change))) return; // rounding: such a pair would spoil the others
  memory.push({ step, change, curvature });
  if (memory.length > MEMORY) memory.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** `a += factor · b` */
function add(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
}

function scale(a: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! *= factor;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
