/** `ssl engine install | path | remove`. */
import {
  didYouMean,
  ENGINE_VERSION,
  engineCacheDirectory,
  findLibrary,
  type InstallProgress,
  installEngine,
  installedEngines,
  type ProgressBar,
  progressBar,
  removeEngine,
} from '@ssl/core/setup';
import type { ExitCode } from './run.ts';
import { listOptions, type OptionSpecs, type OptionValues, readOptions, UsageError } from './usage.ts';

const WHICH: OptionSpecs = {
  cuda: { type: 'boolean', help: 'the library for NVIDIA GPUs, with the CUDA libraries it needs: several GB' },
  version: { type: 'string', value: 'X.Y.Z', help: 'version of TensorFlow', default: ENGINE_VERSION },
};

const OPTIONS: Readonly<Record<string, OptionSpecs>> = {
  install: {
    ...WHICH,
    force: { type: 'boolean', help: 'replace one that is already installed' },
    directory: { type: 'string', value: 'DIR', help: 'put it there; point SSL_ENGINE_DIR at it' },
  },
  path: {},
  remove: { ...WHICH, all: { type: 'boolean', help: 'every installed version' } },
};

export async function engineCommand([action, ...args]: readonly string[]): Promise<ExitCode> {
  if (action === undefined || action === '--help' || args.includes('--help')) {
    process.stdout.write(help());
    return action === undefined ? 2 : 0;
  }
  const specs = OPTIONS[action];
  if (!specs) {
    throw new UsageError(
      `ssl engine: there is no action '${action}'; ${didYouMean(action, Object.keys(OPTIONS))} See: ssl engine --help`,
    );
  }
  const { options, positionals } = await readOptions(`engine ${action}`, args, specs);
  if (positionals.length > 0) throw new UsageError(`ssl engine ${action}: takes options only; got '${positionals[0]}'`);
  if (action === 'install') await install(options);
  else if (action === 'remove') await remove(options);
  else process.stdout.write(`${findLibrary().directory}\n`);
  return 0;
}

function help(): string {
  const install = `ssl engine install [OPTIONS]    fetches the native library with pip or uv and keeps it in the user's cache\n\n${listOptions(OPTIONS.install!)}\n`;
  const remove = `ssl engine remove [OPTIONS]     deletes what was installed\n\n${listOptions(OPTIONS.remove!)}\n`;
  return `${install}\nssl engine path                 prints the folder of the library in use\n\n${remove}`;
}

async function install({ cuda, version, force, directory }: OptionValues): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const progress = installProgress();
  try {
    const installed = await installEngine({
      cuda: cuda === true,
      force: force === true,
      ...(typeof version === 'string' && { version }),
      ...(typeof directory === 'string' && { directory }),
      onProgress: progress.show,
      signal: controller.signal,
    });
    progress.finish();
    const { manifest, already } = installed;
    const checked = manifest.wheel.checked === 'pinned' ? '' : '; its checksum is known to the package index only';
    process.stdout.write(
      `TensorFlow ${manifest.version} (${manifest.flavour}) ${already ? 'is already' : 'is now'} in ${installed.directory}${already ? '' : checked}\n`,
    );
    if (typeof directory === 'string')
      process.stdout.write(`to use it: SSL_ENGINE_DIR=${installed.library.directory}\n`);
  } finally {
    progress.finish();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** One bar a phase on standard error. */
function installProgress(): { show(event: InstallProgress): void; finish(): void } {
  let phase: InstallProgress['phase'] | undefined;
  let bar: ProgressBar | undefined;
  const labels = { wait: 'waiting  ', download: 'fetching ', verify: 'checking ', unpack: 'unpacking' };
  return {
    show(event) {
      if (event.phase !== phase) {
        bar?.finish();
        bar = progressBar(labels[event.phase]);
        phase = event.phase;
        if (event.phase === 'wait') process.stderr.write('another process is installing this engine; waiting for it\n');
      }
      // The size is not known before the package index has answered.
      if (event.total > 0)
        bar!.update(event.done, event.total, `${megabytes(event.done)} of ${megabytes(event.total)} MB`);
    },
    finish() {
      bar?.finish();
      bar = undefined;
    },
  };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

async function remove({ cuda, version, all }: OptionValues): Promise<void> {
  const one = engineCacheDirectory({ cuda: cuda === true, ...(typeof version === 'string' && { version }) });
  const directories = all === true ? installedEngines().map(({ directory }) => directory) : [one];
  let removed = 0;
  for (const directory of directories) {
    if (!(await removeEngine(directory))) continue;
    process.stdout.write(`removed ${directory}\n`);
    removed++;
  }
  if (removed > 0) return;
  const rest = installedEngines().map(({ directory }) => directory);
  process.stdout.write(
    `nothing to remove${all === true ? '' : ` at ${one}`}${rest.length > 0 ? `; installed: ${rest.join(', ')}` : ''}\n`,
  );
}
