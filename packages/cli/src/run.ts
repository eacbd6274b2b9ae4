/** From the words of a command line to an exit code. Nothing heavy is imported before it is needed: help must come at once. */
import { readFileSync } from 'node:fs';
import { UsageError } from './usage.ts';

/** 0 done, 1 an error that is explained, 2 a wrong command line, 130 stopped with Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 130;

const HELP = `ssl: self-supervised learning on images

Usage: ssl COMMAND [OPTIONS]

  engine install    get the native library (--cuda for NVIDIA GPUs)
  engine path       print the folder of the library in use
  engine remove     delete an installed library
  doctor            show what this machine and its engine are, what is wrong and how to mend it
  data inspect      show what pictures there are, what is wrong with them and what to do
  data views        draw what a plan of views does to some of them
  data stats        mean and standard deviation of each channel
  data pack         write WebDataset shards
  data cache        list, check or remove decoded pictures kept on this machine
  pretrain          train a backbone on a folder of images
  embed             write the features of pictures, by the backbone of a run
  probe             how well classes are told apart by features: kNN and a linear probe

  ssl COMMAND --help    the options of a command
  ssl --version         the version of this program

SSL_DEBUG=1 shows where an error came from.
`;

type Command = (args: readonly string[]) => Promise<ExitCode>;

/** Each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  engine: async () => (await import('./engine-command.ts')).engineCommand,
  doctor: async () => (await import('./doctor-command.ts')).doctorCommand,
  data: async () => (await import('./data-command.ts')).dataCommand,
  pretrain: async () => (await import('./pretrain-command.ts')).pretrainCommand,
  probe: async () => (await import('./probe-command.ts')).probeCommand,
  embed: async () => (await import('./embed-command.ts')).embedCommand,
};

/** Runs a command line, without the program's name. Prints errors; never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  try {
    if (name === undefined) throw new UsageError(HELP.trimEnd());
    if (name === '--help' || name === '-h' || name === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    if (name === '--version' || name === '-v') {
      process.stdout.write(`${version()}\n`);
      return 0;
    }
    const load = COMMANDS[name];
    if (!load) throw await unknownCommand(name);
    return await (await load())(rest);
  } catch (error) {
    return report(error);
  }
}

async function unknownCommand(name: string): Promise<UsageError> {
  const { didYouMean } = await import('@ssl/core/setup');
  const hint = didYouMean(name, Object.keys(COMMANDS));
  return new UsageError(`ssl: there is no command '${name}'; ${hint ? `${hint} ` : ''}See: ssl --help`);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

function report(error: unknown): ExitCode {
  const { name, message, stack } =
    error instanceof Error || isOurs(error) ? (error as Error) : new Error(String(error));
  const stopped = name === 'AbortError' || name === 'InterruptedError';
  const explained = stopped || error instanceof UsageError || isOurs(error);
  const debug = process.env.SSL_DEBUG === '1';
  const text = debug && stack ? stack : stopped && name === 'AbortError' ? 'stopped' : message;
  process.stderr.write(`${text}\n`);
  if (!explained && !debug) process.stderr.write('this error was not foreseen; SSL_DEBUG=1 shows where it came from\n');
  return stopped ? 130 : error instanceof UsageError ? 2 : 1;
}

/** As `SSLError.isInstance` of core, which is not loaded for a message. */
function isOurs(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Symbol.for('@ssl/core/error') in error;
}
