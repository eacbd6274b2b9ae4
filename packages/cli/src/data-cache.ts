/** `ssl data cache list | verify | clear`: pictures that were decoded once and are kept on disk. */
import type { PixelCacheEntry } from '@ssl/core/data';
import { ConfigError, didYouMean, progressBar } from '@ssl/core/setup';
import type { ExitCode } from './run.ts';
import { listOptions, type OptionSpecs, type OptionValues, readOptions, UsageError } from './usage.ts';

const OPTIONS: OptionSpecs = { json: { type: 'boolean', help: 'print JSON' } };

const HELP = `ssl data cache list             decoded pictures kept on this machine, the ones used last first
ssl data cache verify [NAME]    compares every byte with what was written; of the data set of that name only
ssl data cache clear [NAME]     removes them, save those that a process is making; runs make them again

${listOptions(OPTIONS)}
`;

type Act = (name: string | undefined, options: OptionValues) => Promise<ExitCode>;

const ACTS: Readonly<Record<string, Act>> = { list, verify, clear };

export async function cacheAction([act, ...args]: readonly string[]): Promise<ExitCode> {
  if (act === undefined || act === '--help' || args.includes('--help')) {
    process.stdout.write(HELP);
    return act === undefined ? 2 : 0;
  }
  const carryOut = Object.hasOwn(ACTS, act) ? ACTS[act] : undefined;
  if (!carryOut) {
    const hint = didYouMean(act, Object.keys(ACTS));
    throw new UsageError(
      `ssl data cache: there is no action '${act}'; ${hint ? `${hint} ` : ''}See: ssl data cache --help`,
    );
  }
  const { options, positionals } = await readOptions(`data cache ${act}`, args, OPTIONS);
  if (positionals.length > (act === 'list' ? 0 : 1))
    throw new UsageError(
      `ssl data cache ${act}: takes ${act === 'list' ? 'options only' : 'one name'}; got '${positionals.at(-1)}'`,
    );
  return carryOut(positionals[0], options);
}

async function list(_: string | undefined, { json }: OptionValues): Promise<ExitCode> {
  const { listPixelCaches } = await import('@ssl/core/data');
  const caches = await listPixelCaches();
  if (json === true) process.stdout.write(`${JSON.stringify(caches, undefined, 2)}\n`);
  else if (caches.length === 0) process.stdout.write('there is no cache\n');
  else for (const cache of caches) process.stdout.write(`${describe(cache)}\n`);
  return 0;
}

async function verify(name: string | undefined, { json }: OptionValues): Promise<ExitCode> {
  const { verifyPixelCache } = await import('@ssl/core/data');
  const bar = progressBar('checking');
  const found: { name: string; path: string; faults: string[] }[] = [];
  for (const cache of await named(name)) {
    const faults = await verifyPixelCache(cache.path, (done, total) =>
      bar.update(done, total, `${done} of ${total} files of ${cache.name}`),
    );
    found.push({ name: cache.name, path: cache.path, faults });
  }
  bar.finish();
  if (json === true) process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
  else
    for (const { name: each, path, faults } of found)
      process.stdout.write(`${each}, ${path}: ${faults.length === 0 ? 'whole' : faults.join('\n    ')}\n`);
  return found.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

async function clear(name: string | undefined, { json }: OptionValues): Promise<ExitCode> {
  const { clearPixelCaches } = await import('@ssl/core/data');
  if (name !== undefined) await named(name);
  const bytes = await clearPixelCaches(name === undefined ? {} : { name });
  process.stdout.write(json === true ? `${JSON.stringify({ bytes })}\n` : `${megabytes(bytes)} MB are free again\n`);
  return 0;
}

/** @throws ConfigError when there is none of that name. */
async function named(name: string | undefined): Promise<PixelCacheEntry[]> {
  const { listPixelCaches } = await import('@ssl/core/data');
  const caches = await listPixelCaches();
  const found = caches.filter(cache => name === undefined || cache.name === name);
  if (name === undefined || found.length > 0) return found;
  const names = [...new Set(caches.map(cache => cache.name))];
  throw new ConfigError(
    `ssl data cache: the name must be that of a data set with a cache (${names.join(', ') || 'there is none'}); got '${name}'; ${didYouMean(name, names)}`.trimEnd(),
  );
}

function describe({ name, path, pictures, size, bytes, lastUsed, complete }: PixelCacheEntry): string {
  const state = complete ? '' : ', not complete';
  const used = lastUsed.toISOString().slice(0, 10);
  return `${name}: ${pictures} pictures of ${size} x ${size}, ${megabytes(bytes)} MB, last used ${used}${state}\n    ${path}`;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
