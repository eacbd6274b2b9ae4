import { ConfigError, ShapeError } from '../errors.ts';
import { l2Normalize } from '../ops/norm.ts';
import { normal, type Rng } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { variable } from './layers.ts';
import type { Members } from './module.ts';

/** The newest rows of the last batches, first in, first out (MoCo, arXiv:1911.05722 §3.2): carried state without a gradient. */
export interface Queue {
  /** `keys` `[size, width]`, and `pointer`, where the next row goes. */
  readonly members: Members;
  readonly size: number;
  /** `[size, width]`, in no order that matters. */
  read(): Tensor;
  /** The place of row `i` of the next `enqueue`, `[N]` int32: what `read` would give there is replaced. */
  places(count: number): Tensor;
  /** Puts `[N, width]` in place of the oldest rows, after whatever was read before. N is at most the size and need not divide it. */
  enqueue(rows: Tensor): void;
}

/**
 * A queue full of random rows of length 1, as `moco/builder.py` starts it.
 * @throws ConfigError when a size is no whole number above 0
 */
export function queue(size: number, width: number, { rng }: { readonly rng: Rng }): Queue {
  for (const [name, value] of Object.entries({ size, width })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ConfigError(`queue: ${name} must be a whole number of at least 1; got ${value}; change ${name}`);
    }
  }
  const keys = variable(() => l2Normalize(normal(rng, [size, width])), { kind: 'buffer' });
  const pointer = variable(() => tf.scalar(0, 'int32'), { kind: 'buffer' });
  const places = (count: number): Tensor =>
    tf.mod(pointer.read().add(tf.range(0, count, 1, 'int32')), tf.scalar(size, 'int32'));
  const enqueue = (rows: Tensor): void => {
    const count = rows.shape[0]!;
    if (rows.shape[1] !== width || count > size) {
      throw new ShapeError(
        `queue: takes [N, ${width}] with N at most ${size}; got [${rows.shape}]; use a longer queue`,
      );
    }
    write(keys, places(count), rows);
    pointer.assign(tf.mod(pointer.read().add(tf.scalar(count, 'int32')), tf.scalar(size, 'int32')));
  };
  return { members: { keys, pointer }, size, read: () => keys.read(), places, enqueue };
}

function write(target: Variable, places: Tensor, rows: Tensor): void {
  const attrs = { dtype: { dtype: 'float32' }, Tindices: { dtype: 'int32' } } as const;
  target.update('ResourceScatterUpdate', [places, rows], attrs);
}
