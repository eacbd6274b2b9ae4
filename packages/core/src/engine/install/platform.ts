/** What differs between operating systems: names of the library's files. */
import { cacheFolder } from '../../user-cache.ts';

export interface LibraryNames {
  /** The file that exports the C API, best first: as in a Python wheel, then as in the C distribution that tfjs-node unpacks. */
  readonly core: readonly string[];
  /** The file that `core` needs beside it, where the two are separate. */
  readonly framework: string | undefined;
}

/** File names of TensorFlow's library, major version 2. */
export function libraryNames(platform: NodeJS.Platform = process.platform): LibraryNames {
  if (platform === 'win32') return { core: ['tensorflow.dll'], framework: undefined };
  if (platform === 'darwin') {
    return {
      core: ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib'],
      framework: 'libtensorflow_framework.2.dylib',
    };
  }
  return { core: ['libtensorflow_cc.so.2', 'libtensorflow.so.2'], framework: 'libtensorflow_framework.so.2' };
}

/** The folder that holds one folder for each installed engine. */
export function engineCacheRoot(): string {
  return cacheFolder('engine');
}

/** `musl` where the C library is not the one that TensorFlow is built for (Alpine Linux). */
export function libcFamily(): 'glibc' | 'musl' | 'other' {
  if (process.platform !== 'linux') return 'other';
  return glibcVersion() === undefined ? 'musl' : 'glibc';
}

/** Version of the running glibc, as `2.36`. */
export function glibcVersion(): string | undefined {
  // Newer than its type.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // else it looks up the names of open connections, which takes seconds
  try {
    const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}
