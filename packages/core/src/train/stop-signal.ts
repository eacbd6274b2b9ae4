export interface StopSignal {
  /** True once the run should stop after the step under way. */
  requested(): boolean;
  release(): void;
}

/** Watches for Ctrl-C, SIGTERM and `signal`. A second Ctrl-C ends the process at once, as it does without us. */
export function stopSignal(signal: AbortSignal | undefined): StopSignal {
  let stopped = false;
  const release = (): void => {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  };
  const onInterrupt = (): void => {
    stopped = true;
    release();
    process.stderr.write('\nstopping as soon as the step under way is saved (Ctrl-C again: at once)\n');
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return { requested: () => stopped || (signal?.aborted ?? false), release };
}
