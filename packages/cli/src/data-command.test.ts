import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeImage, encodePng, type InspectionReport, syntheticDataset } from '@ssl/core/data';
import { findLibrary } from '@ssl/core/setup';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Outcome, startSsl, writePictures } from './in-child.ts';
import { run } from './run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-data-'));
afterAll(() => rmSync(root, { recursive: true }));
const ENV = { XDG_CACHE_HOME: join(root, 'cache'), SSL_ENGINE_DIR: findLibrary().directory };
const ssl = (words: string): Promise<Outcome> => startSsl(`data ${words}`, root, ENV).done;

/** The same in this process, which is faster, for what ends before it starts. */
async function here(words: string): Promise<Pick<Outcome, 'code' | 'out' | 'err'>> {
  const [out, err] = [[], []] as [string[], string[]];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(text => out.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation(text => err.push(String(text)) > 0),
  ];
  const folder = process.cwd();
  process.chdir(root);
  try {
    const code = await run(['data', ...words.split(' ').filter(Boolean)]);
    return { code, out: out.join(''), err: err.join('') };
  } finally {
    process.chdir(folder);
    for (const spy of spies) spy.mockRestore();
  }
}

beforeAll(async () => {
  const shapes = syntheticDataset({ size: 12, width: 48, height: 40, classes: 4 });
  for (let i = 0; i < 12; i++) {
    const folder = join(root, 'photos', shapes.classes![shapes.labels![i]!]!.replace(' ', '-'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.png`), await encodePng(await shapes.image(i)));
  }
  mkdirSync(join(root, 'held-out'));
  writeFileSync(join(root, 'held-out', 'again.png'), readFileSync(join(root, 'photos', 'disk-0', '0.png')));
  await writePictures(join(root, 'grey'), 4);
  writeFileSync(join(root, 'grey', 'empty.jpg'), '');
});

describe('ssl data inspect', () => {
  test('prints a table and what to do, and draws sheets', async () => {
    const outcome = await ssl('inspect photos --val held-out --out sheets');
    expect(outcome).toMatchObject({ code: 0, err: expect.stringContaining('13 of 13 pictures') });
    expect(outcome.out).toMatch(/^pictures +12 +1$/m);
    expect(outcome.out).toMatch(
      /^1 picture of a later part is also in an earlier one \(1 the same file\): val: again.png = /m,
    );
    expect(outcome.out).toMatch(/^suggested: --size 32 --channels 3 --batch-size 2$/m);
    expect(readdirSync(join(root, 'sheets')).sort()).toEqual(['classes.png', 'copies.png', 'random.png']);
  });

  test('--json is the whole report; --strict ends with 1 for leaks and broken files only', async () => {
    const leak = await ssl('inspect photos --val held-out --json --strict');
    expect(leak.code).toBe(1);
    const report = JSON.parse(leak.out) as InspectionReport;
    expect(report.leaks.map(({ of, copy }) => [of.name, copy])).toEqual([['disk-0/0.png', 'file']]);
    expect(await ssl('inspect photos --strict')).toMatchObject({ code: 0 });
    expect(await ssl('inspect grey --strict')).toMatchObject({ code: 1, out: expect.stringContaining('empty.jpg') });
    expect(await ssl('inspect grey')).toMatchObject({ code: 0, out: expect.stringContaining('--channels 1') });
  });

  test('icons-42: only what no one could tell apart, and the 13 pictures that are in both splits', async () => {
    const { out } = await ssl('inspect icons-42 --val test --json');
    const { copies, leaks } = JSON.parse(out) as InspectionReport;
    expect(leaks.filter(({ copy }) => copy === 'pixels')).toHaveLength(13);
    const near = copies.flatMap(({ pictures }) => pictures).filter(({ copy }) => copy === 'near').length;
    // 398 of 14,273: the icons of one designer at two weights, and of designers who drew the same.
    expect(near).toBeGreaterThan(300);
    expect(near).toBeLessThan(430);
    const together = (a: string, b: string): boolean =>
      copies.some(({ pictures }) => [a, b].every(name => pictures.some(picture => picture.name === name)));
    expect(together('feather:box', 'lucide:box') || together('tabler:box', 'mdi:cube-outline')).toBe(true);
    expect(together('mynaui:calendar-plus', 'mynaui:calendar-minus')).toBe(false);
    expect(together('majesticons:arrow-left-circle-line', 'ri:arrow-down-circle-line')).toBe(false);
  });
});

describe('ssl data views', () => {
  test('draws pictures and views, and prints what was drawn', async () => {
    const outcome = await ssl('views photos --plan simclr-cifar --count 2 --seed 3 --size 32 --out sheet/views.png');
    expect(outcome).toMatchObject({ code: 0, err: expect.stringMatching(/sheet\/views.png\n$/) });
    expect(outcome.out).toMatch(
      /^cross-0\/\d+.png\n {2}view 1 {2}randomResizedCrop top [\d.]+, left .*colorJitter brightness/m,
    );
    const { width, height } = await decodeImage(readFileSync(join(root, 'sheet', 'views.png')));
    expect([width, height]).toEqual([32 + 3 * 128 + 2 * 12, expect.any(Number)]); // a picture and two views across
    expect((await ssl('views photos --plan simclr-cifar --count 2 --seed 3 --size 32')).out).toBe(outcome.out);
    expect((await ssl('views photos --plan simclr-cifar --count 2 --seed 4 --size 32')).out).not.toBe(outcome.out);
  });

  test("takes a method's views, and says what grey pictures go without", async () => {
    const outcome = await ssl('views grey --method simclr --count 1 --json');
    expect(outcome.err).toMatch(/^the pictures are grey: one channel is used/m);
    const { plan, pictures } = JSON.parse(outcome.out);
    expect(plan).toEqual([expect.objectContaining({ count: 2, size: 32 })]);
    expect(pictures).toEqual([{ name: '0.png', views: [expect.any(Array), expect.any(Array)] }]);
  });
});

test('ssl data stats prints what normalize takes', async () => {
  const outcome = await ssl('stats grey');
  expect(outcome).toMatchObject({ code: 0, err: expect.stringContaining('1 of 5 pictures skipped: empty.jpg') });
  expect(outcome.out).toMatch(/^normalize: \{ mean: \[0\.\d+\], std: \[0\.\d+\] \}, \/\/ of 4 pictures\n$/);
  expect(JSON.parse((await ssl('stats photos --json --sample 5')).out)).toMatchObject({
    mean: [expect.any(Number), expect.any(Number), expect.any(Number)],
    count: 5,
  });
});

test('ssl data pack writes shards, which every command then takes', async () => {
  expect(await ssl('pack photos --out shards --samples 5')).toMatchObject({ code: 0, out: '3 shards in shards\n' });
  expect(readdirSync(join(root, 'shards')).filter(name => name.endsWith('.tar'))).toHaveLength(3);
  for (const source of ['shards', 'shards/*.tar', 'shards/shard-{000000..000002}.tar'])
    expect(await ssl(`inspect ${source}`)).toMatchObject({ code: 0, out: expect.stringMatching(/^pictures +12$/m) });
});

describe('ssl data cache', () => {
  test('lists, verifies and clears', async () => {
    expect(await ssl('cache list')).toMatchObject({ code: 0, out: 'there is no cache\n' });
    const { openLoader, imageFolder } = await import('@ssl/core/data');
    const folder = join(root, 'cache', 'ssl', 'pixels');
    const options = { size: 16, batchSize: 4, cache: 'disk', cacheFolder: folder, workers: 0 } as const;
    await (await openLoader(await imageFolder(join(root, 'photos')), options)).close();
    const name = join(root, 'photos');
    expect((await ssl('cache list')).out).toMatch(new RegExp(`^${name}: 12 pictures of 16 x 16, 0.0 MB, last used `));
    expect(await ssl(`cache verify ${name}`)).toMatchObject({ code: 0, out: expect.stringMatching(/: whole\n$/) });
    const [cache] = JSON.parse((await ssl('cache list --json')).out);
    const block = join(cache.path, readdirSync(cache.path).find(file => file.endsWith('.pixels'))!);
    const bytes = readFileSync(block);
    bytes[10]! ^= 1;
    writeFileSync(block, bytes);
    expect(await ssl('cache verify')).toMatchObject({ code: 1, out: expect.stringContaining('other bytes than were') });
    expect(await ssl('cache clear nothing')).toMatchObject({ code: 1, err: expect.stringContaining("got 'nothing'") });
    expect(await ssl(`cache clear ${name}`)).toMatchObject({ code: 0, out: expect.stringContaining('are free again') });
    expect(existsSync(cache.path)).toBe(false);
  });
});

describe('a wrong command line', () => {
  test.each([
    ['', 2, /^$/],
    ['inspct', 2, /there is no action 'inspct'; did you mean 'inspect'\?/],
    ['inspect', 2, /the pictures must be named; got none; write ssl data inspect DIR/],
    ['inspect photos grey', 2, /takes one path or name; got 'photos' and 'grey'/],
    ['inspect photos --smaple 3', 2, /no option --smaple; did you mean '--sample'\?/],
    ['inspect nowhere', 1, /the data must be a folder of pictures.*icons-42.*; got 'nowhere', which is none of these/],
    ['inspect photos --val photos', 1, /--val must be other pictures; got 'photos' twice/],
    ['inspect photos --split test', 1, /--split must be left out for a path; got 'test'/],
    ['inspect icons-100 --depth float32', 1, /--depth is for files; got the data set icons-100; leave it out/],
    ['inspect photos --channels 20', 1, /channels must be a whole number from 1 to 16; got 20/],
    ['stats photos --labels some', 1, /labels must be one of auto, folders, none; got some/],
    ['views photos --plan simcrl', 1, /--plan must be one of simclr, .*; got 'simcrl'; did you mean 'simclr'\?/],
    ['views photos --plan simclr --method simclr', 2, /--plan or --method must be given, not both/],
    ['views photos --views drawings', 2, /--views goes with --method/],
    ['views photos --out views.jpg', 2, /--out must end in .png; got 'views.jpg'/],
    ['pack photos', 2, /--out is needed/],
    ['cache lst', 2, /there is no action 'lst'; did you mean 'list'\?/],
  ])('ssl data %s', async (words, code, message) => {
    const outcome = await here(words);
    expect(outcome).toMatchObject({ code, err: expect.stringMatching(message) });
    expect(outcome.err).not.toMatch(/\n {4}at |not foreseen/);
  });

  test.each(['', 'inspect', 'views', 'stats', 'pack', 'cache'])('ssl data %s --help', async action => {
    expect(await here(`${action} --help`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('ssl data'),
      err: '',
    });
  });
});
