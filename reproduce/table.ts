/** The page with the results, from `results/*.json`. */
import type { RowResult, RunResult, SetResult } from './result.ts';

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Mean, and the deviation between seeds where there are several. */
function spread(runs: readonly RunResult[], of: (run: RunResult) => number, scale: number, digits: number): string {
  const values = runs.map(run => scale * of(run));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return mean.toFixed(digits);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`;
}

function line({ title, supervised, runs }: RowResult): string {
  const cells = [
    supervised ? `${title} (labels)` : title,
    spread(runs, run => run.oneNN, 100, 1),
    spread(runs, run => run.kNN, 100, 1),
    spread(runs, run => run.linear, 100, 1),
    spread(runs, run => run.rankMe, 1, 0),
    spread(runs, run => run.cpuSeconds, 1, 0),
    spread(runs, run => run.peakMb, 1, 0),
    String(runs.length),
  ];
  return `| ${cells.join(' | ')} |`;
}

function section({ title, question, recipe, backbone, images, machine, rows }: SetResult): string {
  return `## ${title}: ${question}

${images.train} pictures to learn from, ${images.test} to test on; ${backbone}; recipe ${JSON.stringify(recipe)}. ${machine}.

| | 1-NN % | 20-NN % | linear % | RankMe | CPU seconds | MiB at the peak | seeds |
|---|--:|--:|--:|--:|--:|--:|--:|
${rows.map(line).join('\n')}
`;
}

export function page(sets: readonly SetResult[]): string {
  return `<!-- Written by \`pnpm reproduce\`. Do not edit. -->
# Results

Every method under one protocol: the same backbone, views, batch and budget for all, the last epoch, mean ± deviation over seeds. Methods that hide
parts of a picture have a vision transformer and one view; a random one stands beside the random network. What a
method sets for itself (its head, its temperature, now and then its learning rate or its batch) stands in \`examples/<method>/reproduce.ts\` and was chosen on a part of
train (\`pnpm reproduce icons --tune\`), never on the test. kNN is weighted, with cosine similarity; the linear probe chooses its learning rate on a held-out part of train.

\`\`\`sh
npx -y pnpm@10 reproduce icons          # all of it; stopped, it goes on where it was
npx -y pnpm@10 reproduce icons --methods simclr,byol --seeds 0
npx -y pnpm@10 reproduce cifar10        # downloads the set; each method's own recipe
\`\`\`

A budget this small (minutes) tells whether a method learns and how it compares at the start, not what it reaches in hundreds of epochs. What was
tried on the methods that gain little in it: [experiments](../docs/experiments.md).

${sets.map(section).join('\n')}`;
}
