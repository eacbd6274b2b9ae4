/** The engine's account of itself, for `ssl doctor`. */
import { INTER_OP_THREADS } from './config-proto.ts';
import { engineContext } from './context.ts';
import type { EngineProbe } from './install/probe-process.ts';
import { xlaAvailable } from './xla.ts';

/** Loads the library, and tries out XLA unless `SSL_XLA=0`. Throws `EngineError` when there is no usable library. */
export function probeEngine(): EngineProbe {
  const { native, devices, threads } = engineContext();
  return {
    version: native.version,
    devices,
    threads: { intra: threads, inter: INTER_OP_THREADS },
    xla: xlaAvailable(),
    missingSymbols: native.missing,
  };
}
