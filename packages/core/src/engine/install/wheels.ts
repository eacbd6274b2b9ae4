/** Which Python wheels carry the native library, and the checksums of those that were tried. */
import { EngineError } from '../../errors.ts';

/** The version of TensorFlow that `ssl engine install` gets unless told otherwise. */
export const ENGINE_VERSION = '2.20.0';

export interface Wheel {
  readonly requirement: string;
  /** Platform tags, as `pip download --platform` takes them; any may match. */
  readonly tags: readonly string[];
}

/** Any Python that has a wheel of every supported version will do: the library inside does not depend on it. */
export const WHEEL_PYTHON = '3.11';

/** Bytes an engine takes at its largest, download and unpacked files together; measured on 2.21, and estimated for CUDA. */
export const INSTALL_BYTES: Readonly<Record<'cpu' | 'cuda', number>> = { cpu: 1_400_000_000, cuda: 12_000_000_000 };

/**
 * The wheel for a version and a machine. Throws `EngineError` where TensorFlow publishes none.
 * @param version as `2.20.0`.
 */
export function wheelFor(
  version: string,
  cuda: boolean,
  { platform, arch }: { platform: NodeJS.Platform; arch: string } = process,
): Wheel {
  if (!/^\d+\.\d+\.\d+([a-z]+\d+)?$/.test(version)) {
    throw new EngineError(`engine install: version must look like ${ENGINE_VERSION}; got '${version}'`);
  }
  const tags = platformTags(platform, arch);
  if (tags === undefined) {
    // Windows wheels do hold the library, but inside a file that needs the DLL of one exact Python version.
    const way =
      platform === 'win32' ? 'use Linux under WSL, or unpack a C distribution of TensorFlow' : 'build the library';
    throw new EngineError(
      `engine install: wheels with a usable library exist for Linux (x64, arm64) and macOS (arm64); got ${platform} ${arch}; ` +
        `${way} and set SSL_ENGINE_DIR to its folder`,
    );
  }
  if (cuda && (platform !== 'linux' || arch !== 'x64')) {
    throw new EngineError(
      `engine install --cuda: TensorFlow publishes CUDA wheels for Linux on x64; got ${platform} ${arch}; leave --cuda out`,
    );
  }
  // The CPU-only package exists for x64; elsewhere the plain one has no CUDA in it.
  const name = cuda ? 'tensorflow[and-cuda]' : arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
  return { requirement: `${name}==${version}`, tags };
}

function platformTags(platform: NodeJS.Platform, arch: string): readonly string[] | undefined {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch];
  // 2.20 is built for glibc 2.17, 2.21 for 2.27.
  // NVIDIA's wheels and some dependencies have other tags.
  if (platform === 'linux' && machine) {
    return ['_2_17', '_2_27', '_2_28', '2014'].map(policy => `manylinux${policy}_${machine}`);
  }
  if (platform === 'darwin' && arch === 'arm64') return ['macosx_12_0_arm64'];
  return undefined;
}

/** SHA-256 by file name, as `pip install --dry-run --report` gave them; the two Linux x86_64 CPU wheels were also hashed after download. */
export const WHEEL_SHA256: Readonly<Record<string, string>> = {
  'tensorflow_cpu-2.20.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl':
    'cf756bbe2d256e942ab5d0ad2c858fb40017581494febdb4387c149b1afde780',
  'tensorflow-2.20.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl':
    '481499fd0f824583de8945be61d5e827898cdaa4f5ea1bc2cc28ca2ccff8229e',
  'tensorflow-2.20.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl':
    '3e9568c8efcb05c0266be223e3269c62ebf7ad3498f156438311735f6fa5ced5',
  'tensorflow-2.20.0-cp311-cp311-macosx_12_0_arm64.whl':
    '5f964016c5035d09b85a246a6b739be89282a7839743f3ea63640224f0c63aee',
  'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl':
    '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl':
    '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl':
    '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  'tensorflow-2.21.0-cp311-cp311-macosx_12_0_arm64.whl':
    '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
};
