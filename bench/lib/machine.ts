import { diagnose } from '@ssl/core/setup';
import { twinVersions } from './process.ts';
import type { Machine } from './result.ts';

/** This machine and the versions on both sides. */
export async function describeMachine(): Promise<Machine> {
  const [{ cpu, memory, platform, node, library }, twin] = await Promise.all([diagnose(), twinVersions()]);
  return {
    processor: `${cpu.model} (${cpu.features.join(' ')})`,
    cores: Math.min(cpu.cores, cpu.limit ?? cpu.cores),
    memoryGb: Math.round((memory.limit ?? memory.total) / 1e9),
    system: `${platform.os} ${platform.arch}, ${platform.libc}`,
    versions: { Node: node.version, TensorFlow: library.version ?? 'unknown', ...twin },
  };
}
