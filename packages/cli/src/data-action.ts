/** What the actions of `ssl data` have in common: one path or name, then options. */
import { OPEN_OPTIONS, SOURCE, SOURCES } from './data-options.ts';
import { listOptions, type OptionSpecs, type OptionValues, readOptions, UsageError } from './usage.ts';

export interface DataAction {
  /** `inspect` */
  readonly name: string;
  /** What it does, for the help. */
  readonly does: string;
  /** Besides those about how pictures are opened. */
  readonly options: OptionSpecs;
}

export interface DataArguments {
  /** The path or name. */
  readonly data: string;
  readonly options: OptionValues;
}

/**
 * @returns `undefined` when help was asked for and given.
 * @throws UsageError unless there is one path or name, and known options.
 */
export async function dataArguments(
  { name, does, options: own }: DataAction,
  args: readonly string[],
): Promise<DataArguments | undefined> {
  const specs = { ...own, ...OPEN_OPTIONS };
  if (args.includes('--help')) {
    process.stdout.write(`ssl data ${name} ${SOURCE} [OPTIONS]    ${does}\n\n${listOptions(specs)}\n\n${SOURCES}\n`);
    return undefined;
  }
  const { options, positionals } = await readOptions(`data ${name}`, args, specs);
  const [data, extra] = positionals;
  if (data === undefined)
    throw new UsageError(`ssl data ${name}: the pictures must be named; got none; write ssl data ${name} ${SOURCE}`);
  if (extra !== undefined)
    throw new UsageError(`ssl data ${name}: takes one path or name; got '${data}' and '${extra}'; quote globs`);
  return { data, options };
}
