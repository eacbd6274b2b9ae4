/** Writes the few protocol-buffer messages that the C API takes as bytes. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A field of type varint: numbers and booleans. */
export function integerField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** A length-delimited field: strings and nested messages. */
export function bytesField(field: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

/**
 * Two graphs at once, the views of the next batch beside a step, say. Within a compiled function ops follow one another all the same: it is
 * chained in the order in which it was recorded, which takes less memory.
 */
export const INTER_OP_THREADS = 2;

export interface SessionConfig {
  readonly threads: number;
}

/**
 * `tensorflow.ConfigProto` (tensorflow/core/protobuf/config.proto): intra_op_parallelism_threads = 2,
 * inter_op_parallelism_threads = 5, gpu_options = 6 { allow_growth = 4 }, allow_soft_placement = 7.
 */
export function configProto({ threads }: SessionConfig): Buffer {
  return Buffer.concat([
    integerField(2, threads),
    integerField(5, INTER_OP_THREADS),
    bytesField(6, integerField(4, 1)), // without it the library takes all of the GPU's memory at once
    integerField(7, 1), // ops without a GPU kernel run on the CPU instead of failing
  ]);
}
