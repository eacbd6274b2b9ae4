import { ATTRIBUTE, type Attribute } from './attributes.ts';
import { binding } from './binding.ts';
import { DTYPE } from './dtype.ts';
import { runOp } from './eager.ts';
import { release, upload } from './handles.ts';
import { deleteFunction, Trace } from './trace.ts';

/** Batch norm and its ReLU in one pass, forward. The library makes it of the two itself where nobody needs what is in between, in inference say. */
export const NORM_RELU = '_FusedBatchNormEx';

let available: boolean | undefined;

/**
 * Whether `NORM_RELU` runs in a compiled function: where oneDNN does (not with `TF_ENABLE_ONEDNN_OPTS=0`, nor in libraries without it). Found out by
 * trying, once. On a GPU it has rules of its own and is not used.
 */
export function normReluAvailable(): boolean {
  available ??= !binding.isUsingGpuDevice() && runsOnce();
  return available;
}

/** `NORM_RELU` takes multiples of so many channels. */
export const NORM_RELU_CHANNELS = 4;

/** What `NORM_RELU` needs besides batch norm's attributes. */
export const NORM_RELU_ATTRIBUTES = { activation_mode: 'Relu', num_side_inputs: { int: 0 } } as const;

function runsOnce(): boolean {
  const type = (name: string): Attribute => ({ name, type: ATTRIBUTE.type, value: DTYPE.float32 });
  const attributes: Attribute[] = [
    type('T'),
    type('U'),
    { name: 'activation_mode', type: ATTRIBUTE.string, value: 'Relu' },
    { name: 'num_side_inputs', type: ATTRIBUTE.int, value: 0 },
    { name: 'is_training', type: ATTRIBUTE.bool, value: true },
  ];
  const shapes = [[1, 2, 2, NORM_RELU_CHANNELS], [NORM_RELU_CHANNELS], [NORM_RELU_CHANNELS], [0], [0]];
  const inputs = shapes.map(shape => {
    const size = shape.reduce((product, length) => product * length, 1);
    return upload(shape, DTYPE.float32, new Float32Array(size));
  });
  try {
    const trace = new Trace('norm_relu', false);
    const ids = shapes.map(shape => trace.input(shape, DTYPE.float32).id);
    const [normalised] = trace.record(NORM_RELU, attributes, ids, 5);
    const graph = trace.finish('norm_relu_probe', [normalised!.id]);
    try {
      for (const { id } of runOp(graph.name, [], inputs, 1)) release(id);
      return true;
    } finally {
      deleteFunction(graph);
    }
  } catch {
    return false;
  } finally {
    for (const id of inputs) release(id);
  }
}
