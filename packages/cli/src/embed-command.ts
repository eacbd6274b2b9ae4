/** `ssl embed`: from the backbone of a run and some pictures to a file of features. */
import { DATA_OPTION, dataOptions, OPEN_OPTIONS } from './data-options.ts';
import { writeFeatures } from './feature-file.ts';
import type { ExitCode } from './run.ts';
import { runFeatures } from './run-features.ts';
import { listOptions, type OptionSpecs, readOptions, UsageError } from './usage.ts';

/** The channels are those of the run. */
const { channels: _channels, ...OPEN } = OPEN_OPTIONS;

const OPTIONS: OptionSpecs = {
  run: { type: 'string', value: 'DIR', help: 'run folder of ssl pretrain, ended' },
  data: DATA_OPTION,
  ...OPEN,
  out: { type: 'string', value: 'FILE', help: 'ends in .safetensors or .csv', default: 'features.safetensors' },
};

export async function embedCommand(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help')) {
    const usage = 'ssl embed --run DIR --data DIR [OPTIONS]    writes a row of features for each picture';
    process.stdout.write(`${usage}\n\n${listOptions(OPTIONS)}\n`);
    return 0;
  }
  const { options, positionals } = await readOptions('embed', args, OPTIONS);
  if (positionals.length > 0) throw new UsageError(`ssl embed: takes options only; got '${positionals[0]}'`);
  const { run, data, out = 'features.safetensors' } = options as Partial<Record<string, string>>;
  if (run === undefined || data === undefined)
    throw new UsageError('ssl embed: --run and --data are needed; See: ssl embed --help');
  if (!/\.(safetensors|csv)$/.test(out))
    throw new UsageError(`ssl embed: --out must end in .safetensors or .csv; got '${out}'`);
  const embed = await runFeatures('embed', run);
  const table = await embed(data, dataOptions(options));
  await writeFeatures(out, table);
  process.stdout.write(`${table.names.length} pictures, ${table.dim} features each: ${out}\n`);
  return 0;
}
