import { ATTRIBUTE, MUST_COMPILE } from './attributes.ts';
import { engineContext } from './context.ts';
import { DTYPE } from './dtype.ts';
import { runOp } from './eager.ts';
import { release, upload } from './handles.ts';
import { deleteFunction, Trace } from './trace.ts';

let available: boolean | undefined;

/** Whether XLA can compile for the default device. Found out by trying, once; `SSL_XLA=0` says no. */
export function xlaAvailable(): boolean {
  available ??= process.env.SSL_XLA !== '0' && engineContext().native.missing.length === 0 && compilesSomething();
  return available;
}

function compilesSomething(): boolean {
  const trace = new Trace('xla', false);
  const x = trace.input([2], DTYPE.float32).id;
  const [doubled] = trace.record('AddV2', [{ name: 'T', type: ATTRIBUTE.type, value: DTYPE.float32 }], [x, x], 1);
  const graph = trace.finish('xla_probe', [doubled!.id]);
  const input = upload([2], DTYPE.float32, Float32Array.of(1, 2));
  try {
    for (const { id } of runOp(graph.name, [MUST_COMPILE], [input], 1)) release(id);
    return true;
  } catch {
    return false;
  } finally {
    release(input);
    deleteFunction(graph);
  }
}
