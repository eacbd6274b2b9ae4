import { ConfigError } from '../../errors.ts';
import { didYouMean } from '../../nearest.ts';
import { checkKeys, checkNumber, checkWhole } from './check.ts';
import type { Drawn, OpKind } from './op.ts';
import { resize } from './ops/resize.ts';
import { kindOf, type ViewOp, viewOps } from './registry.ts';
import type { ChannelStatistics } from './statistics.ts';

/** A kind of view: how many of it, how large, and what is done to a picture, in order. */
export interface ViewSpec {
  /** What a method calls these views (`global`, `local`); several kinds may have one name. See `viewIndices`. */
  readonly name?: string;
  /** Views of this kind, each with its own random numbers. */
  readonly count: number;
  /** Height and width, pixels. */
  readonly size: number;
  readonly ops: readonly ViewOp[];
  /** Makes the values `(x - mean) / std` instead of 0 to 1. */
  readonly normalize?: ChannelStatistics;
}

/** What becomes of a picture: plain data, to be kept with a run's configuration. */
export type ViewPlan = readonly ViewSpec[];

/** Larger views than this are a mistake in the unit. */
const MAX_SIZE = 4096;

/**
 * Checks a plan and fills in what is left out. Takes what it returned, also after a way through JSON.
 * The first op of a view frames it (`randomResizedCrop`, `resize`); where none does, the whole picture is resized.
 * @throws ConfigError naming the view and the setting that is wrong.
 */
export function views(specs: readonly ViewSpec[]): ViewPlan {
  if (specs.length === 0) throw new ConfigError('views: a plan must have at least one kind of view; got none');
  return specs.map((spec, i) => complete(spec, `views[${i}]`));
}

/** A plan without the ops of these names, wherever they stand. */
export function withoutOps(plan: ViewPlan, ...names: readonly string[]): ViewPlan {
  return views(plan.map(spec => ({ ...spec, ops: spec.ops.filter(({ op }) => !names.includes(op)) })));
}

/** Each view of a plan on its own, in the order in which they are drawn. */
export function everyView(plan: ViewPlan): ViewSpec[] {
  return plan.flatMap(spec => Array<ViewSpec>(spec.count).fill(spec));
}

/**
 * Where the views of a name are among those that a plan draws: of 2 `global` and 6 `local` ones, `global` gives `[0, 1]`.
 * @throws ConfigError when no view has the name.
 */
export function viewIndices(plan: ViewPlan, name: string): number[] {
  const found = everyView(plan).flatMap((view, i) => (view.name === name ? [i] : []));
  if (found.length > 0) return found;
  const names = new Set(plan.flatMap(view => view.name ?? []));
  throw new ConfigError(
    `viewIndices: the name must be one of the plan's: ${[...names].join(', ') || 'none'}; got '${name}'; ${didYouMean(name, names) || 'use one of them'}`,
  );
}

/** The kind of an op in a plan that was checked. */
export function known(op: ViewOp, who: string = 'view'): OpKind<ViewOp, ViewOp> {
  const kind = kindOf(op?.op);
  if (!kind)
    throw new ConfigError(`${who}: ops must be among ${viewOps.join(', ')}; got ${JSON.stringify(op?.op ?? op)}`);
  return kind;
}

/** The parameters of an op of a checked plan as its `apply` takes them, for views of `size` pixels. */
export function prepared(op: ViewOp, drawn: Drawn, size: number): Drawn {
  return known(op).prepare?.(op, drawn, size) ?? drawn;
}

function complete(spec: ViewSpec, who: string): ViewSpec {
  checkKeys(who, spec, ['name', 'count', 'size', 'ops', 'normalize']);
  const { name, count, size, ops, normalize } = spec;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new ConfigError(`${who}: name must be a text; got ${JSON.stringify(name)}`);
  }
  if (!Array.isArray(ops)) throw new ConfigError(`${who}: ops must be a list; got ${JSON.stringify(ops)}`);
  checkWhole(who, 'count', count, [1, 1000]);
  checkWhole(who, 'size', size, [1, MAX_SIZE]);
  const filled = framed(ops, who).map(op => {
    const kind = known(op, who);
    const settings = kind.complete(op);
    kind.checkSize?.(settings, size);
    return settings;
  });
  if (normalize) checkStatistics(normalize, `${who}.normalize`);
  return {
    ...(name !== undefined && { name }),
    count,
    size,
    ops: filled,
    ...(normalize && { normalize: { mean: normalize.mean, std: normalize.std } }),
  };
}

function framed(ops: readonly ViewOp[], who: string): readonly ViewOp[] {
  const frames = ops.flatMap((op, i) => (known(op, who).framing ? [i] : []));
  if (frames.length === 0) return [resize(), ...ops];
  if (frames.length > 1 || frames[0] !== 0) {
    throw new ConfigError(
      `${who}: one op may frame the view, and it must come first; got ${ops.map(({ op }) => op).join(', ')}; reorder them`,
    );
  }
  return ops;
}

function checkStatistics({ mean, std }: ChannelStatistics, who: string): void {
  if (!Array.isArray(mean) || !Array.isArray(std) || mean.length !== std.length || mean.length === 0) {
    const got = JSON.stringify({ mean, std });
    throw new ConfigError(`${who}: mean and std must be lists with one number for each channel; got ${got}`);
  }
  for (const value of mean) checkNumber(who, 'mean', value, [-Number.MAX_VALUE, Number.MAX_VALUE]);
  for (const value of std) checkNumber(who, 'std', value, [1e-6, Number.MAX_VALUE]);
}
