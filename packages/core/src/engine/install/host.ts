/** What the machine is, as far as it decides whether and how fast the engine runs. */
import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { cgroupCores } from '../threads.ts';
import { glibcVersion, libcFamily } from './platform.ts';

export interface HostReport {
  readonly platform: { readonly os: string; readonly arch: string; readonly release: string; readonly libc: string };
  readonly node: { readonly version: string; readonly executable: string };
  readonly cpu: {
    readonly model: string;
    readonly cores: number;
    /** What a container allows, `null` for no limit. */
    readonly limit: number | null;
    /** Instruction sets that make a difference, as the kernel names them. */
    readonly features: readonly string[];
  };
  /** Bytes; `limit` is what a container allows, `null` for no limit. */
  readonly memory: { readonly total: number; readonly available: number; readonly limit: number | null };
  /** True when NVIDIA's driver is loaded. */
  readonly nvidiaDriver: boolean;
}

const FEATURES = /^(avx|avx2|fma|avx512f|avx512_bf16|amx_bf16|asimd|asimdhp|sve|bf16)$/;

export function describeHost(): HostReport {
  const limit = cgroupCores();
  const constrained = process.constrainedMemory();
  const glibc = glibcVersion();
  return {
    platform: { os: platform(), arch: arch(), release: release(), libc: glibc ? `glibc ${glibc}` : libcFamily() },
    node: { version: process.versions.node, executable: process.execPath },
    cpu: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      limit: Number.isFinite(limit) ? limit : null,
      features: cpuFeatures(),
    },
    memory: {
      total: totalmem(),
      available: process.availableMemory(),
      limit: constrained > 0 && constrained < totalmem() ? constrained : null,
    },
    nvidiaDriver: existsSync('/proc/driver/nvidia/version'),
  };
}

function cpuFeatures(): string[] {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return line.split(/\s+/).filter(word => FEATURES.test(word));
  } catch {
    return []; // not Linux
  }
}
