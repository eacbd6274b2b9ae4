import { findLibrary } from '@ssl/core/setup';

/** Loads the library now, so that a missing or broken one is reported before a picture is opened. */
export async function startEngine(): Promise<void> {
  findLibrary();
  const { tf } = await import('@ssl/core');
  tf.tidy(() => {
    tf.add(1, 1);
  });
}
