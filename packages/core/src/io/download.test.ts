import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { DataError } from '../errors.ts';
import { type DownloadOptions, type DownloadProgress, download } from './download.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >>> 3));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const MD5 = createHash('md5').update(CONTENT).digest('hex');

afterEach(() => {
  delete process.env.SSL_MIRROR;
});

type Answer = (request: IncomingMessage, response: ServerResponse, visit: number) => void;

interface Served {
  readonly url: string;
  /** The `Range` header of each request. */
  readonly ranges: (string | undefined)[];
  /** Cuts the connection of the last request. */
  cut(): void;
}

async function serve(answer: Answer): Promise<Served> {
  const ranges: (string | undefined)[] = [];
  let last: ServerResponse | undefined;
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    last = response;
    answer(request, response, ranges.length);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set/file.bin`,
    ranges,
    cut: () => last?.destroy(),
  };
}

/** As a file server: knows ranges and entity tags. Sends up to `end`, and then leaves the connection open. */
function whole(request: IncomingMessage, response: ServerResponse, end = CONTENT.length): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { etag: '"1"', 'content-length': CONTENT.length - start };
  const range = { 'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` };
  response.writeHead(start > 0 ? 206 : 200, start > 0 ? { ...headers, ...range } : headers);
  if (end >= CONTENT.length) response.end(CONTENT.subarray(start));
  else response.write(CONTENT.subarray(start, end));
}

/** Sends a third of the file at each visit. */
const inThirds: Answer = (request, response, visit) => whole(request, response, visit * 100_000);

function target(): string {
  const root = mkdtempSync(join(tmpdir(), 'ssl-download-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return join(root, 'below', 'file.bin');
}

const fetched = (options: Omit<DownloadOptions, 'backoffMs'>): ReturnType<typeof download> =>
  download({ backoffMs: 1, ...options });

/** What has not been read when a connection is cut may be lost, so it is cut when all that was sent has arrived. */
const atThirds =
  (cut: () => void) =>
  ({ phase, done }: DownloadProgress): void => {
    if (phase === 'download' && [100_000, 200_000].includes(done)) cut();
  };

function expectWhole(to: string): void {
  expect(readFileSync(to).equals(CONTENT)).toBe(true);
  expect(readdirSync(join(to, '..'))).toEqual(['file.bin']);
}

it('fetches a file, reports progress, and does not fetch it again', async () => {
  const { url, ranges } = await serve((request, response) => whole(request, response));
  const to = target();
  const events: DownloadProgress[] = [];
  const options = { url, to, sha256: SHA256, md5: MD5, bytes: CONTENT.length };
  const first = await fetched({ ...options, onProgress: event => events.push(event) });
  expect(first).toEqual({ path: to, bytes: CONTENT.length, already: false });
  expectWhole(to);
  const ends = (phase: string): unknown => events.filter(event => event.phase === phase).at(-1);
  expect(ends('download')).toEqual({ phase: 'download', done: CONTENT.length, total: CONTENT.length });
  expect(ends('verify')).toMatchObject({ done: CONTENT.length, total: CONTENT.length });
  expect((await fetched(options)).already).toBe(true);
  expect(ranges).toEqual([undefined]);
});

it('goes on where a connection was cut, and bytes are asked for once', async () => {
  const { url, ranges, cut } = await serve(inThirds);
  const to = target();
  await fetched({ url, to, sha256: SHA256, onProgress: atThirds(cut) });
  expectWhole(to);
  expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
});

it('starts again where the server knows no ranges', async () => {
  const { url, ranges, cut } = await serve((_, response, visit) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    if (visit > 1) response.end(CONTENT);
    else response.write(CONTENT.subarray(0, 100_000));
  });
  const to = target();
  await fetched({ url, to, sha256: SHA256, onProgress: atThirds(cut) });
  expectWhole(to);
  expect(ranges).toEqual([undefined, 'bytes=100000-']);
});

it('never joins pieces of two versions where nothing says that they fit', async () => {
  const { url, ranges } = await serve((_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT); // neither tag nor date
  });
  const to = target();
  await fetched({ url, to }); // makes the folder
  rmSync(to);
  writeFileSync(`${to}.partial`, Buffer.alloc(1000));
  await fetched({ url, to });
  expectWhole(to);
  expect(ranges).toEqual([undefined, undefined]);
});

it('starts again where the file has changed since, also where it has become shorter', async () => {
  const { url, ranges, cut } = await serve((request, response, visit) => {
    const etag = `"${visit}"`;
    if (visit === 1) {
      response.writeHead(200, { 'content-length': 500_000, etag }).write(Buffer.alloc(400_000));
      return;
    }
    // RFC 9110, section 13.1.5: the range counts only where the file is still the one that is meant.
    const ranged = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const range = { 'content-range': 'bytes 400000-699999/700000' };
    response.writeHead(ranged ? 206 : 200, { 'content-length': CONTENT.length, etag, ...(ranged && range) });
    response.end(CONTENT);
  });
  const to = target();
  const onProgress = ({ done }: DownloadProgress): void => {
    if (done === 400_000) cut();
  };
  await fetched({ url, to, onProgress });
  expectWhole(to);
  expect(ranges).toEqual([undefined, 'bytes=400000-']);
});

it('fetches once more from the start where the part on the disk turns out to be damaged', async () => {
  const { url, ranges, cut } = await serve(inThirds);
  const to = target();
  const onProgress = atThirds(cut);
  await expect(fetched({ url, to, sha256: SHA256, retries: 0, onProgress })).rejects.toThrow(/must be reachable/);
  const damaged = readFileSync(`${to}.partial`);
  damaged[5]! ^= 1;
  writeFileSync(`${to}.partial`, damaged);
  await fetched({ url, to, sha256: SHA256, onProgress });
  expectWhole(to);
  expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-', undefined]);
});

it('refuses a file with a wrong checksum or size and keeps nothing of it', async () => {
  const { url } = await serve((request, response, visit) => whole(request, response, visit > 1 ? 1 : CONTENT.length));
  const to = target();
  const wrong = fetched({ url, to, md5: MD5.replace(/^./, c => (c === '0' ? '1' : '0')) });
  await expect(wrong).rejects.toBeInstanceOf(DataError);
  await expect(wrong).rejects.toThrow(/must have the MD5 [0-9a-f]{32}; got [0-9a-f]{32}; .*SSL_MIRROR/);
  await expect(fetched({ url, to, bytes: 7 })).rejects.toThrow(/must have 7 bytes; got 300000/);
  expect(readdirSync(join(to, '..'))).toEqual([]);
});

it('replaces a file that is there with other content', async () => {
  const { url } = await serve((request, response) => whole(request, response));
  const to = target();
  await fetched({ url, to });
  writeFileSync(to, 'another');
  expect((await fetched({ url, to, sha256: SHA256 })).already).toBe(false);
  expectWhole(to);
});

it('gives up at once on 404, and after some attempts on 503', async () => {
  const { url, ranges } = await serve((request, response) => {
    response.writeHead(request.url === '/busy' ? 503 : 404).end();
  });
  await expect(fetched({ url, to: target() })).rejects.toThrow(/file\.bin must be there; got 404 Not Found; fetch/);
  expect(ranges).toHaveLength(1);
  const busy = fetched({ url: new URL('/busy', url).href, to: target(), retries: 2 });
  await expect(busy).rejects.toThrow(/busy must be reachable; got: the server answered 503 .*after 3 attempts/);
  expect(ranges).toHaveLength(4);
});

it('gives up on connections that bring nothing, at first or any more, and tries again', async () => {
  const { url, ranges } = await serve((request, response, visit) => {
    if (visit > 1) whole(request, response, visit > 2 ? CONTENT.length : 100_000);
  });
  const to = target();
  await fetched({ url, to, sha256: SHA256, stallMs: 200 });
  expectWhole(to);
  expect(ranges).toEqual([undefined, undefined, 'bytes=100000-']);
});

it('follows redirects', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/elsewhere') whole(request, response);
    else response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const to = target();
  await fetched({ url, to, sha256: SHA256 });
  expectWhole(to);
});

it('asks the mirror in SSL_MIRROR instead', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/base/cifar10/x.gz') whole(request, response);
    else response.writeHead(404).end();
  });
  process.env.SSL_MIRROR = `${new URL(url).origin}/base/`;
  const to = target();
  await fetched({ url: 'http://127.0.0.1:1/origin', to, sha256: SHA256, mirrorPath: 'cifar10/x.gz' });
  expectWhole(to);
  process.env.SSL_MIRROR = 'files/here';
  await expect(fetched({ url, to, mirrorPath: 'a/b' })).rejects.toThrow(/SSL_MIRROR: must start with http/);
});

it('of two downloads of one file, the second waits and finds it', async () => {
  const { url, ranges } = await serve((request, response) => whole(request, response));
  const to = target();
  const phases = new Set<string>();
  const options = { url, to, sha256: SHA256, onProgress: ({ phase }: DownloadProgress) => phases.add(phase) };
  const both = await Promise.all([fetched(options), fetched(options)]);
  expect(both.map(({ already }) => already).sort()).toEqual([false, true]);
  expect(phases).toContain('wait');
  expect(ranges).toHaveLength(1);
  expectWhole(to);
});

it('says how much room is needed before it fills the disk', async () => {
  const { url, ranges } = await serve((request, response) => whole(request, response));
  await expect(fetched({ url, to: target(), bytes: 1e18 })).rejects.toThrow(
    /1000000000000\.0 MB must be free in .*; got [\d.]+ MB; free some space/,
  );
  expect(ranges).toEqual([]);
});

it('says what to do where the folder cannot be made', async () => {
  const to = target();
  writeFileSync(join(to, '..', '..', 'file'), '');
  const below = join(to, '..', '..', 'file', 'a.bin');
  await expect(fetched({ url: 'http://127.0.0.1:1/', to: below })).rejects.toThrow(/got E\w+: it is not a folder; /);
});

it('stops when the signal aborts, and goes on from there later', async () => {
  const { url, ranges } = await serve((request, response, visit) =>
    whole(request, response, visit > 1 ? CONTENT.length : 100_000),
  );
  const to = target();
  const controller = new AbortController();
  const onProgress = ({ done }: DownloadProgress): void => {
    if (done === 100_000) controller.abort();
  };
  const stopped = fetched({ url, to, sha256: SHA256, signal: controller.signal, onProgress });
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  await fetched({ url, to, sha256: SHA256 });
  expectWhole(to);
  expect(ranges[1]).toBe('bytes=100000-');
});

it('goes on after the process was killed in the middle', async () => {
  const { url, ranges } = await serve((request, response, visit) =>
    whole(request, response, visit > 1 ? CONTENT.length : 150_000),
  );
  const to = target();
  const program = `
    import { download } from ${JSON.stringify(new URL('./download.ts', import.meta.url).href)};
    const onProgress = ({ done }) => { if (done > 0) console.log(done); };
    await download({ url: process.argv[1], to: process.argv[2], sha256: process.argv[3], onProgress });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url, to, SHA256]);
  await new Promise<void>(resolve => {
    child.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('150000')) child.kill('SIGKILL');
    });
    child.on('exit', () => resolve());
  });
  expect(existsSync(to)).toBe(false);
  expect(statSync(`${to}.partial`).size).toBe(150_000);
  await fetched({ url, to, sha256: SHA256 });
  expectWhole(to);
  expect(ranges).toEqual([undefined, 'bytes=150000-']);
});
