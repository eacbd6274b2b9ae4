/** The text of docs/views.md. Everything about single ops and plans comes from their code. */
import { join } from 'node:path';
import { plans, type ViewOp, type ViewPlan } from '../../packages/core/src/data/index.ts';
import { kindOf, viewOps } from '../../packages/core/src/data/views/registry.ts';
import { type Documented, documented } from './source-comments.ts';

const VIEWS = join(import.meta.dirname, '../../packages/core/src/data/views');

/** What every op's `p` is, where its own comment says nothing. */
const USUAL: Readonly<Record<string, string>> = { p: 'How often it is applied, 0 to 1.' };

export function viewsPage(): string {
  const ops = new Map([...documented(VIEWS), ...documented(join(VIEWS, 'ops'))]);
  const ready = documented(join(VIEWS, 'plans'));
  return [
    HEAD,
    '## Ops',
    OPS,
    ...viewOps.map(name => opSection(name, ops)),
    '## Ready plans',
    PLANS,
    ...Object.keys(plans).map(name => planSection(name as keyof typeof plans, ready)),
    TAIL,
  ].join('\n\n');
}

function opSection(name: string, comments: ReadonlyMap<string, Documented>): string {
  const defaults: Record<string, unknown> = { ...kindOf(name)!.complete({} as ViewOp) };
  const settings = comments.get(name[0]!.toUpperCase() + name.slice(1));
  const inherited = (settings?.parents ?? []).flatMap(parent => [...(comments.get(parent)?.members ?? [])]);
  const rows = [...inherited, ...(settings?.members ?? [])]
    .filter(([setting]) => setting !== 'op')
    .map(
      ([setting, meaning]) =>
        `| \`${setting}\` | ${shown(defaults[setting])} | ${cell(meaning || (USUAL[setting] ?? ''))} |`,
    );
  const table = ['| setting | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
  const text = [...(settings?.text ?? []), ...(comments.get(name)?.text ?? [])];
  return [
    `### ${name}`,
    wrapped(text.join(' ')),
    ...(rows.length > 0 ? [table] : ['No settings.']),
    picture(name),
  ].join('\n\n');
}

function planSection(name: keyof typeof plans, comments: ReadonlyMap<string, Documented>): string {
  const plan: ViewPlan = plans[name]();
  const rows = plan.map(view => {
    const ops = view.ops.map(op => `\`${op.op}\`${settingsOf(op)}`).join(', ');
    return `| ${view.name ?? ''} | ${view.count} | ${view.size} | ${ops} |`;
  });
  const table = ['| name | count | size | ops in order |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return [`### plans.${name}`, wrapped(comments.get(name)!.text.join(' ')), table, picture(`plan-${name}`)].join(
    '\n\n',
  );
}

/** What differs from the op's defaults, and how often it is applied. */
function settingsOf(op: ViewOp): string {
  const defaults: Record<string, unknown> = { ...kindOf(op.op)!.complete({} as ViewOp) };
  const told = Object.entries(op).filter(
    ([key, value]) => key === 'p' || JSON.stringify(value) !== JSON.stringify(defaults[key]),
  );
  const parts = told.filter(([key]) => key !== 'op').map(([key, value]) => `${key} ${shown(value)}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  if (typeof value === 'number') return String(Number(value.toFixed(4)));
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : String(value);
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const picture = (name: string): string => `![${name}](images/views/${name}.png)`;

/** Lines of at most 160 characters, as in the other pages. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > 160) lines.push(word);
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trimStart();
  }
  return lines.join('\n');
}

const HEAD = `# Views

What every view op and every ready plan does, with pictures. This page and its pictures are written by \`pnpm docs:views\`; what a setting means is what its code says.
How plans work, and how far each op is from PIL and torchvision: [data.md](data.md).

In every picture the first cell is the picture itself. The others are drawn one after another from one seed.`;

const OPS = `An op is called with its settings, all of which may be left out: \`gaussianBlur({ p: 0.1 })\`. One op may frame a view, and comes first: \`resize\`, \`centerCrop\` or
\`randomResizedCrop\`. \`randomRotation\` makes a \`randomAffine\`. \`ssl data views\` draws a plan for pictures of your own.`;

const PLANS = `\`plans.byol({ size: 96 })\` gives plain data, to be trained with, stored or changed. Every plan takes \`size\`, \`channels\` (3; any other number goes without saturation, hue,
grayscale and ImageNet's statistics), \`flip\` and \`normalize\` (statistics, or \`false\` for 0 to 1; those of the source when missing). Interpolation is bilinear with antialiasing, also where
a source has bicubic. PIL's blur has no fixed length; its plans take a filter of 13 pixels, three deviations to either side at the largest sigma.

\`\`\`ts run
import { plans, viewIndices, views } from '@ssl/core/data';

const plan = plans.dino({ size: 96, localCount: 4 });
console.log(viewIndices(plan, 'global'), viewIndices(plan, 'local')); // [ 0, 1 ] [ 2, 3, 4, 5 ]

// A plan is a list of kinds of views: any number of kinds, each with its own count, size and ops.
const [global, ...others] = plan;
const changed = views([{ ...global!, size: 128 }, ...others]);
console.log(changed.map(({ name, count, size }) => [name, count, size]));
\`\`\`

All views of a plan are drawn from the same decoded picture, and a view costs as its pixels: six of 96 pixels about half as much as two of 224.`;

const TAIL = `## Beyond single views

Functions on what \`drawViews\` gives, in the graph of the step; and masks, which are drawn on the host so that they have the same size for every image.

### mixup and cutmix

\`mixup(images, { rng, alpha })\` and \`cutmix(…)\` give \`{ images, partner, lambda }\`: picture i was mixed with picture \`partner[i]\` of the batch, and \`lambda[i]\` of it is its own. Of CutMix that is
the true share of pixels, since the border may cut the pasted part. \`mixLabels\` mixes labels alike. Every picture has a share of its own; \`shared: true\` gives the batch one, as torchvision's.
arXiv:1710.09412, arXiv:1905.04899. For a given share and box they equal torchvision's \`v2.MixUp\` and \`v2.CutMix\`.

![mixing](images/views/mixing.png)

### Four rotations

\`fourRotations(views)\` gives \`[4B, S, S, C]\` and the quarter turns as labels. arXiv:1803.07728.

![rotations](images/views/rotations.png)

### Jigsaw patches

\`jigsawPatches(view, { rng })\` cuts a view into 9 cells and takes a patch at a random place of each: of 255 pixels patches of 64 from cells of 85. \`normalizePatches\` takes away the brightness and
the contrast of each, \`drawViews(plans.pirlPatches(), patches.mul(255), { rng })\` changes the colours of each by itself. Orders come from
\`permutationSet({ count: 100 })\` (classes of the puzzle, as far apart as can be) or \`shuffled\` (any), and \`permutePatches\` applies them. arXiv:1603.09246, arXiv:1912.01991.

![jigsaw](images/views/jigsaw.png)

### Masks

\`\`\`ts run
import { blockWiseMask, hostRng, multiBlockMask, randomMask } from '@ssl/core/data';

const mask = multiBlockMask({ grid: [14, 14] }); // 224 pixels in patches of 16
console.log(mask.lengths); // the same for every image
console.log(mask.draw(hostRng(1, 0, 7)).context.length); // seed, epoch, index: what a method's \`draw\` is given
console.log(randomMask({ tokens: 196 }).lengths, blockWiseMask({ grid: [14, 14] }).lengths);
\`\`\`

- \`randomMask\`: MAE's, 75 % at random. Parts \`visible\`, \`masked\`, and \`restore\`, which puts both back into their order.
- \`blockWiseMask\`: BEiT's blocks, 75 of 196. The official generator stops short of 75 in a third of all images; here single tokens fill up the rest.
- \`multiBlockMask\`: I-JEPA's context and four target blocks. The official code draws one block size for a batch and cuts all contexts to the batch's smallest. Here the numbers are fixed for
  the run: a target has the middle of its scale (34 of 196 tokens), the context what 99 of 100 draws leave over (52; the official code's mean in batches of 128 is 50). Other draws are made anew.
  As in the official code the last row and column are never used, unless \`lastLine\` is set.

Where the masks lie is compared with 10,000 draws of the official code (\`masks.test.ts\`).

![masks](images/views/masks.png)
`;
