/** `ssl data views`. */
import { basename, dirname } from 'node:path';
import type { ContactSheetRow, Dataset, DecodedImage, DrawnOp, PreviewedView, ViewPlan } from '@ssl/core/data';
import { ConfigError, didYouMean } from '@ssl/core/setup';
import { type DataAction, dataArguments } from './data-action.ts';
import { dataOptions } from './data-options.ts';
import { openData } from './data-source.ts';
import { loadMethod } from './discover.ts';
import type { ExitCode } from './run.ts';
import { startEngine } from './start-engine.ts';
import { UsageError } from './usage.ts';

/** Side of a cell of the sheet, pixels. */
const CELL = 128;

const VIEWS: DataAction = {
  name: 'views',
  does: 'draws what a plan of views does to some pictures, with what was drawn at random',
  options: {
    plan: { type: 'string', value: 'NAME', help: 'a ready plan: simclr, mocoV2, byol, swav, dino, …; default: simclr' },
    method: { type: 'string', value: 'NAME', help: 'instead of --plan: the views of an installed method' },
    views: { type: 'string', value: 'NAME', help: "with --method: one of the method's view plans; default: its first" },
    count: { type: 'number', help: 'pictures, spread evenly over the data', default: 6 },
    size: {
      type: 'number',
      value: 'PIXELS',
      help: 'of the (large) views; default: 224, or less where pictures are smaller',
    },
    seed: { type: 'number', help: 'of what is drawn', default: 0 },
    out: { type: 'string', value: 'FILE', help: 'the sheet', default: 'views.png' },
    json: { type: 'boolean', help: 'print the plan and what was drawn as JSON' },
  },
};

interface Given {
  readonly plan?: string;
  readonly method?: string;
  readonly views?: string;
  readonly count?: number;
  readonly size?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly json?: boolean;
}

export async function viewsAction(args: readonly string[]): Promise<ExitCode> {
  const given = await dataArguments(VIEWS, args);
  if (!given) return 0;
  const options = given.options as Given;
  const { count = 6, seed = 0, out = 'views.png', json } = options;
  if (!Number.isInteger(count) || count < 1)
    throw new ConfigError(`ssl data views: --count must be a positive whole number; got ${count}`);
  if (!out.endsWith('.png')) throw new UsageError(`ssl data views: --out must end in .png; got '${out}'`);
  const makePlan = await chosenPlan(options);
  await startEngine();
  const say = (line: string): unknown => process.stderr.write(`${line}\n`);
  const { data, viewSize } = await openData('data views', given.data, dataOptions(given.options), say);
  const { channels } = data;
  const plan = makePlan({ size: options.size ?? viewSize, channels });
  const { checkChannels, describeChannelRules } = await import('@ssl/core/data');
  checkChannels(plan, channels);
  for (const line of describeChannelRules(plan, channels)) say(line);
  const drawn = await draw(data, plan, { count, seed });
  await data.close?.();
  await writeSheet(out, drawn, `${planName(options)}, seed ${seed}`);
  process.stdout.write(json === true ? asJson(plan, seed, drawn) : asText(drawn));
  say(out);
  return 0;
}

type MakePlan = (options: { size: number; channels: number }) => ViewPlan;

function planName({ plan, method, views }: Given): string {
  return method === undefined ? (plan ?? 'simclr') : [method, views].filter(Boolean).join(' ');
}

async function chosenPlan(options: Given): Promise<MakePlan> {
  if (options.method === undefined) {
    if (options.views !== undefined)
      throw new UsageError(`ssl data views: --views goes with --method; got '${options.views}'; write --plan NAME`);
    const { plans } = await import('@ssl/core/data');
    return named('plan', plans, planName(options));
  }
  if (options.plan !== undefined)
    throw new UsageError('ssl data views: --plan or --method must be given, not both; leave one out');
  const { viewPlans } = await loadMethod(options.method);
  return named('views', viewPlans, options.views ?? Object.keys(viewPlans)[0]!);
}

/** Case and hyphens do not count: `moco-v2` is `mocoV2`. */
function named(option: string, plans: Readonly<Record<string, MakePlan>>, name: string): MakePlan {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const found = Object.keys(plans).find(each => plain(each) === plain(name));
  if (found !== undefined) return plans[found]!;
  const names = Object.keys(plans);
  throw new ConfigError(
    `ssl data views: --${option} must be one of ${names.join(', ')}; got '${name}'; ${didYouMean(name, names)}`.trimEnd(),
  );
}

interface DrawnPicture {
  readonly name: string;
  readonly picture: DecodedImage;
  readonly views: readonly PreviewedView[];
}

async function draw(
  data: Dataset,
  plan: ViewPlan,
  { count, seed }: { count: number; seed: number },
): Promise<DrawnPicture[]> {
  const { loadPixels, previewViews, storedSize, subset } = await import('@ssl/core/data');
  const { tf } = await import('@ssl/core');
  const shown = Math.min(count, data.size);
  const places = Array.from({ length: shown }, (_, i) => Math.floor((i * data.size) / shown));
  const some = subset(data, places);
  const pixels = await loadPixels(some, { size: storedSize(plan) });
  const { size, channels, widths, heights, indices } = pixels;
  const images = tf.tensor4d(Float32Array.from(pixels.data), [pixels.count, size, size, channels]);
  const sizes = tf.tensor2d(Array.from(widths, (width, i) => [heights[i]!, width]));
  try {
    const previews = await previewViews(plan, images, seed, { sizes, layout: 'fill' });
    return await Promise.all(
      previews.map(async (views, row) => ({
        name: some.describe?.(indices[row]!) ?? `picture ${places[indices[row]!]}`,
        picture: await some.image(indices[row]!, { shorterSide: CELL }),
        views,
      })),
    );
  } finally {
    tf.dispose([images, sizes]);
  }
}

async function writeSheet(out: string, drawn: readonly DrawnPicture[], title: string): Promise<void> {
  const { contactSheet } = await import('@ssl/core/data');
  const { mkdir, writeFile } = await import('node:fs/promises');
  const rows = drawn.map(
    ({ name, picture, views }): ContactSheetRow => ({
      cells: [{ image: picture, caption: basename(name) }, ...views.map(image => ({ image }))],
    }),
  );
  const columns = ['picture', ...drawn[0]!.views.map((_, i) => `view ${i + 1}`)];
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, await contactSheet({ title, columns, rows, cell: CELL }));
}

function asJson(plan: ViewPlan, seed: number, drawn: readonly DrawnPicture[]): string {
  const pictures = drawn.map(({ name, views }) => ({ name, views: views.map(view => view.drawn) }));
  return `${JSON.stringify({ plan, seed, pictures }, undefined, 2)}\n`;
}

function asText(drawn: readonly DrawnPicture[]): string {
  return drawn
    .map(
      ({ name, views }) =>
        `${name}\n${views.map((view, i) => `  view ${i + 1}  ${view.drawn.map(text).join('; ')}\n`).join('')}`,
    )
    .join('');
}

function text({ op, parameters }: DrawnOp): string {
  const short = (value: number): string => String(Number(value.toFixed(3)));
  const numbers = Object.entries(parameters).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? short(value) : value.map(short).join(' ')}`,
  );
  return `${op} ${numbers.join(', ')}`.trimEnd();
}
