/** Options of a command: what there are, how they are read, and how they are listed. */
import { parseArgs } from 'node:util';

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface OptionSpec {
  /** `json` takes anything else than the other three, as JSON. */
  readonly type: 'string' | 'number' | 'boolean' | 'json';
  readonly help: string;
  /** Word for the value in the help. */
  readonly value?: string;
  readonly default?: unknown;
}

/** By name as typed after `--`. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type OptionValues = Readonly<Record<string, unknown>>;

export interface ParsedCommand {
  /** Those that were given, by name. */
  readonly options: OptionValues;
  readonly positionals: readonly string[];
}

/**
 * Reads a command's arguments. Throws `UsageError` for an option that does not exist (naming the nearest one),
 * that lacks its value, or whose value is of the wrong type.
 */
export async function readOptions(
  command: string,
  args: readonly string[],
  specs: OptionSpecs,
): Promise<ParsedCommand> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(specs).map(
        ([name, { type }]) => [name, { type: type === 'boolean' ? 'boolean' : 'string' }] as const,
      ),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options: Record<string, unknown> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const negated = token.name.startsWith('no-') ? token.name.slice(3) : undefined;
    if (negated !== undefined && specs[negated]?.type === 'boolean') options[negated] = false;
    else if (specs[token.name]) options[token.name] = typed(command, token.name, specs[token.name]!, token.value);
    else throw await unknownOption(command, token.rawName, specs);
  }
  return { options, positionals };
}

async function unknownOption(command: string, rawName: string, specs: OptionSpecs): Promise<UsageError> {
  const { didYouMean } = await import('@ssl/core/setup');
  const known = Object.keys(specs).map(name => `--${name}`);
  const hint = didYouMean(rawName, known);
  return new UsageError(
    `ssl ${command}: there is no option ${rawName}; ${hint ? `${hint} ` : ''}See: ssl ${command} --help`,
  );
}

function typed(command: string, name: string, { type }: OptionSpec, value: string | undefined): unknown {
  if (type === 'boolean') {
    if (value === undefined) return true;
    throw new UsageError(`ssl ${command}: --${name} takes no value; got '${value}'; write --${name} or --no-${name}`);
  }
  if (value === undefined || value === '' || value.startsWith('--')) {
    throw new UsageError(
      `ssl ${command}: --${name} needs a value; got ${value ? `'${value}'` : 'none'}; write --${name} VALUE`,
    );
  }
  if (type === 'string') return value;
  try {
    const parsed: unknown = JSON.parse(value);
    if (type === 'json' || typeof parsed === 'number') return parsed;
  } catch {
    // Also not a number: `1e-3` and the like are JSON.
  }
  if (type === 'number' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value); // `.5`, `+1`
  throw new UsageError(`ssl ${command}: --${name} must be ${type === 'json' ? 'JSON' : 'a number'}; got '${value}'`);
}

/** One line an option, in columns. */
export function listOptions(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, { type, help, value, default: standard }]) => {
    const word = type === 'boolean' ? '' : ` ${value ?? { string: 'TEXT', number: 'N', json: 'JSON' }[type]}`;
    const given =
      standard === undefined || standard === false
        ? ''
        : ` (default: ${typeof standard === 'string' ? standard : JSON.stringify(standard)})`;
    return [`  --${name}${word}`, `${help}${given}`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `${left.padEnd(width)}${right}`).join('\n');
}
