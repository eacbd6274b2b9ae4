/** `ssl data inspect | views | stats | pack | cache`: looking at pictures before they are trained on. */
import { didYouMean } from '@ssl/core/setup';
import type { ExitCode } from './run.ts';
import { UsageError } from './usage.ts';

type Action = (args: readonly string[]) => Promise<ExitCode>;

const HELP = `ssl data inspect DIR    counts, sizes, classes, broken files, copies, pictures of one part in another
ssl data views DIR      draws what a plan of views does to some pictures
ssl data stats DIR      mean and standard deviation of each channel
ssl data pack DIR       writes WebDataset shards
ssl data cache list     decoded pictures kept on this machine; also: verify, clear

ssl data ACTION --help    the options of an action
`;

/** Each is loaded when it is called. */
const ACTIONS: Readonly<Record<string, () => Promise<Action>>> = {
  inspect: async () => (await import('./data-inspect.ts')).inspectAction,
  views: async () => (await import('./data-views.ts')).viewsAction,
  stats: async () => (await import('./data-stats.ts')).statsAction,
  pack: async () => (await import('./data-pack.ts')).packAction,
  cache: async () => (await import('./data-cache.ts')).cacheAction,
};

export async function dataCommand([action, ...args]: readonly string[]): Promise<ExitCode> {
  if (action === undefined || action === '--help') {
    process.stdout.write(HELP);
    return action === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (load) return (await load())(args);
  const hint = didYouMean(action, Object.keys(ACTIONS));
  throw new UsageError(`ssl data: there is no action '${action}'; ${hint ? `${hint} ` : ''}See: ssl data --help`);
}
