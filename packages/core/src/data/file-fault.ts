import { reasonOf } from './decode.ts';

/** A decoder's reason, or the file system's in plain words. */
export function fileFault(error: unknown): string {
  return systemFault(error) ?? reasonOf(error);
}

/** The file system's reason in plain words ("no such file", "permission denied"), where it is one of the common ones. */
export function systemFault(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return undefined;
}
