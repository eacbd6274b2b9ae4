/** `ssl doctor`: what this machine and its engine are, what is wrong with them, and how to mend it. */
import { join } from 'node:path';
import { fileHash } from '../file-hash.ts';
import { describeHost, type HostReport } from './install/host.ts';
import { type EngineProbe, type ProbeOutcome, probeInChild } from './install/probe-process.ts';
import { type EngineLibrary, findLibrary, INSTALL_COMMAND, libraryManifest, mendingCommand } from './library.ts';

export interface DoctorProblem {
  readonly what: string;
  /** What to do, as a command where there is one. */
  readonly fix: string;
}

export interface DoctorReport extends HostReport {
  /** True when there are no problems. */
  readonly ok: boolean;
  readonly library: {
    readonly found: boolean;
    readonly origin: EngineLibrary['origin'] | null;
    readonly directory: string | null;
    readonly version: string | null;
    /** Whether every file has the checksum it was installed with; `null` for a library that `ssl engine install` did not put there. */
    readonly hashOk: boolean | null;
  };
  readonly devices: EngineProbe['devices'];
  readonly threads: EngineProbe['threads'] | null;
  /** Whether `fused` ops become kernels; `null` when the engine could not be asked. */
  readonly xla: boolean | null;
  readonly missingSymbols: readonly string[];
  readonly problems: readonly DoctorProblem[];
}

/** Which Node runs the TypeScript sources and has the zlib functions used here: package.json, `engines`. */
const OLDEST_NODE = [22, 18] as const;

/** @param probe asks the engine about itself. */
export async function diagnose(probe: () => Promise<ProbeOutcome> = probeInChild): Promise<DoctorReport> {
  const host = describeHost();
  const problems = hostProblems(host);
  let library: EngineLibrary | undefined;
  try {
    library = findLibrary();
  } catch (error) {
    problems.push({ what: (error as Error).message, fix: INSTALL_COMMAND });
  }
  const damaged = library && (await damagedFiles(library));
  if (library && damaged && damaged.length > 0) {
    const installed = libraryManifest(library)!;
    problems.push({
      what: `${damaged.join(', ')}: the checksum is not the installed one`,
      fix: mendingCommand(installed.manifest),
    });
  }
  const outcome = library && (await probe());
  if (library && outcome) problems.push(...probeProblems(outcome, host, replacement(library)));
  const answer = outcome?.kind === 'answered' ? outcome.probe : undefined;
  const manifest = library && libraryManifest(library)?.manifest;
  return {
    ok: problems.length === 0,
    ...host,
    library: {
      found: library !== undefined,
      origin: library?.origin ?? null,
      directory: library?.directory ?? null,
      version: answer?.version ?? manifest?.version ?? null,
      hashOk: damaged ? damaged.length === 0 : null,
    },
    devices: answer?.devices ?? [],
    threads: answer?.threads ?? null,
    xla: answer?.xla ?? null,
    missingSymbols: answer?.missingSymbols ?? [],
    problems,
  };
}

function hostProblems({ node, platform, cpu }: HostReport): DoctorProblem[] {
  const problems: DoctorProblem[] = [];
  const [major = 0, minor = 0] = node.version.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    problems.push({
      what: `Node ${node.version} is older than ${OLDEST_NODE.join('.')}`,
      fix: 'install a current Node',
    });
  }
  if (platform.libc === 'musl') {
    problems.push({
      what: 'the C library is musl; TensorFlow needs glibc',
      fix: 'use an image based on Debian, Ubuntu or Fedora',
    });
  }
  // TensorFlow's wheels for x64 use AVX without asking since 1.6 (its release notes).
  if (platform.os === 'linux' && platform.arch === 'x64' && !cpu.features.includes('avx')) {
    problems.push({
      what: 'the processor has no AVX, which the library needs',
      fix: 'use a newer processor, or let the virtual machine pass the flag on',
    });
  }
  return problems;
}

/** Files whose content is not what was installed, or `undefined` where that is not known. */
async function damagedFiles(library: EngineLibrary): Promise<string[] | undefined> {
  const installed = libraryManifest(library);
  if (!installed) return undefined;
  const damaged: string[] = [];
  for (const { path, sha256 } of installed.manifest.files) {
    const file = join(installed.directory, path);
    const actual = await fileHash(file, 'sha256').catch(() => undefined);
    if (actual !== sha256) damaged.push(file);
  }
  return damaged;
}

/** How to get another library than `library`. */
function replacement(library: EngineLibrary): string {
  const installed = libraryManifest(library);
  if (installed) return mendingCommand(installed.manifest);
  return library.origin === 'environment'
    ? `unset SSL_ENGINE_DIR, then ${INSTALL_COMMAND}`
    : `set SSL_ENGINE_DIR to another library than that in ${library.directory}`;
}

function probeProblems(outcome: ProbeOutcome, { nvidiaDriver }: HostReport, reinstall: string): DoctorProblem[] {
  if (outcome.kind === 'refused') return [{ what: outcome.message, fix: reinstall }];
  if (outcome.kind === 'silent') return [{ what: 'the engine did not start within two minutes', fix: reinstall }];
  if (outcome.kind === 'crashed') {
    const why = outcome.signal === 'SIGILL' ? ': the processor lacks an instruction that it uses' : '';
    const said = outcome.output && `\n${outcome.output}`;
    return [
      { what: `the native library ended the process that loaded it (${outcome.signal})${why}${said}`, fix: reinstall },
    ];
  }
  const { devices, missingSymbols } = outcome.probe;
  const problems: DoctorProblem[] = [];
  if (missingSymbols.length > 0) {
    problems.push({
      what: `the library is too old for some functions; it lacks ${missingSymbols.join(', ')}`,
      fix: reinstall,
    });
  }
  if (nvidiaDriver && !devices.some(({ type }) => type === 'GPU')) {
    problems.push({ what: 'an NVIDIA driver is loaded, but the engine sees no GPU', fix: `${INSTALL_COMMAND} --cuda` });
  }
  return problems;
}
