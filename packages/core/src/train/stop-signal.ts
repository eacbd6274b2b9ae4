export interface StopSignal {
  /** True once the run should stop after the step under way. */
  requested(): boolean;
  release(): void;
}

/** Watches for Ctrl-C and for `signal`. A second Ctrl-C ends the process at once, as it does without us. */
export function stopSignal(signal: AbortSignal | undefined): StopSignal {
  let stopped = false;
  const onInterrupt = (): void => {
    stopped = true;
    process.off('SIGINT', onInterrupt);
    process.stderr.write('\nstopping after this step; the run is saved and can be resumed (Ctrl-C again: at once)\n');
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return {
    requested: () => stopped || (signal?.aborted ?? false),
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
    },
  };
}
