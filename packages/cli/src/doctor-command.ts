/** `ssl doctor`. */
import { type DoctorReport, diagnose } from '@ssl/core/setup';
import type { ExitCode } from './run.ts';
import { listOptions, type OptionSpecs, readOptions, UsageError } from './usage.ts';

const OPTIONS: OptionSpecs = { json: { type: 'boolean', help: 'print the whole report as JSON' } };

export async function doctorCommand(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help')) {
    process.stdout.write(
      `ssl doctor [OPTIONS]    shows what this machine and its engine are, what is wrong and how to mend it\n\n${listOptions(OPTIONS)}\n`,
    );
    return 0;
  }
  const { options, positionals } = await readOptions('doctor', args, OPTIONS);
  if (positionals.length > 0) throw new UsageError(`ssl doctor: takes options only; got '${positionals[0]}'`);
  const report = await diagnose();
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : describe(report));
  return report.ok ? 0 : 1;
}

/** The report for people. */
export function describe(report: DoctorReport): string {
  const { platform, node, cpu, memory, library, devices, threads, xla, missingSymbols, problems } = report;
  const rows: [string, string][] = [
    ['platform', `${platform.os} ${platform.arch}, ${platform.release}, ${platform.libc}`],
    ['node', node.version],
    [
      'processor',
      `${cpu.model}; ${cpu.cores} cores${cpu.limit === null ? '' : `, limited to ${cpu.limit}`}; ${cpu.features.join(' ')}`,
    ],
    ['memory', `${gigabytes(memory.available)} of ${gigabytes(memory.limit ?? memory.total)} GB available`],
    [
      'engine',
      library.found ? `TensorFlow ${library.version ?? '?'} in ${library.directory} (${library.origin})` : 'none',
    ],
  ];
  if (library.hashOk !== null) rows.push(['checksum', library.hashOk ? 'as installed' : 'wrong']);
  for (const { name, type, memoryBytes } of devices) {
    // TensorFlow gives every CPU the same made-up size.
    rows.push(['device', `${name}${type === 'CPU' ? '' : ` (${type}, ${gigabytes(memoryBytes)} GB)`}`]);
  }
  if (threads) rows.push(['threads', `${threads.intra} within an op, ${threads.inter} ops at once`]);
  if (xla !== null) rows.push(['XLA', xla ? 'yes' : 'no: fused ops run as plain ones']);
  if (missingSymbols.length > 0) rows.push(['missing', missingSymbols.join(', ')]);
  const facts = rows.map(([name, value]) => `${name.padEnd(11)}${value}\n`).join('');
  const faults = problems.map(({ what, fix }) => `\nproblem: ${what}\nto mend: ${fix}\n`).join('');
  return `${facts}${faults || '\nno problems found\n'}`;
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
