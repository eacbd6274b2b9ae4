/** Test helpers: small files in the official formats, and a mirror that hands them out. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deflateSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { onTestFinished, vi } from 'vitest';
import type { RemoteFile } from './catalog.ts';

/** A folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ssl-sets-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface FakeMirror {
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What an opener takes as `files`, with the checksums of these. */
  readonly files: RemoteFile[];
  /** A cache of its own. */
  readonly root: string;
}

/** Serves files as `<SSL_MIRROR>/<set>/<file>` until the test ends. */
export async function fakeMirror(set: string, contents: Readonly<Record<string, Buffer>>): Promise<FakeMirror> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    const content = contents[request.url!.replace(`/base/${set}/`, '')];
    response.writeHead(content ? 200 : 404).end(content);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('SSL_MIRROR', `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });
  const files = Object.entries(contents).map(([file, content]) => {
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { file, url: `http://127.0.0.1:1/${file}`, sha256, bytes: content.length };
  });
  return { asked, files, root: temporaryFolder() };
}

/** `null` as content makes a folder; a string a link to it. */
export async function tarGz(entries: Readonly<Record<string, Buffer | string | null>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(entries)) {
    if (content === null) archive.entry({ name, type: 'directory' });
    else if (typeof content === 'string') archive.entry({ name, type: 'symlink', linkname: content });
    else archive.entry({ name }, content);
  }
  archive.finalize();
  return gzipSync(await buffer(archive));
}

/** A value for each pixel of each picture by which one can tell where it came from. */
export function value(picture: number, y: number, x: number, channel: number): number {
  return (picture * 59 + y * 7 + x * 3 + channel * 101) % 256;
}

/** Planes of one picture, row by row or column by column. */
export function planes(picture: number, side: number, order: 'rows' | 'columns'): Buffer {
  const bytes = Buffer.alloc(3 * side * side);
  let at = 0;
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        bytes[at++] = order === 'rows' ? value(picture, i, j, c) : value(picture, j, i, c);
      }
    }
  }
  return bytes;
}

/** Whether a decoded picture has the values of {@link value} everywhere. */
export function isPicture(data: ArrayLike<number>, picture: number, side: number, channels = 3): boolean {
  if (data.length !== side * side * channels) return false;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 0; c < channels; c++) {
        if (data[(y * side + x) * channels + c] !== value(picture, y, x, c)) return false;
      }
    }
  }
  return true;
}

/** An IDX file of bytes. */
export function idx(shape: readonly number[], data: Uint8Array, type = 0x08): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((length, i) => {
    header.writeUInt32BE(length, 4 + 4 * i);
  });
  return Buffer.concat([header, data]);
}

interface MatEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Class of the array and type of its values: tables 1-3 and 1-1 of the format. */
  readonly kind: number;
  readonly type: number;
  readonly data: Buffer;
  readonly compressed?: boolean;
}

/** A MAT-file, level 5. */
export function mat5(entries: readonly MatEntry[]): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, for a test', 'latin1');
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126, 'latin1');
  const elements = entries.map(({ name, shape, kind, type, data, compressed }) => {
    const flags = Buffer.alloc(8);
    flags[0] = kind;
    const dimensions = Buffer.alloc(4 * shape.length);
    shape.forEach((length, i) => {
      dimensions.writeInt32LE(length, 4 * i);
    });
    const parts = [matField(6, flags), matField(5, dimensions), matField(1, Buffer.from(name)), matField(type, data)];
    const matrix = matField(14, Buffer.concat(parts));
    if (!compressed) return matrix;
    const packed = deflateSync(matrix);
    return Buffer.concat([tag(15, packed.length), packed]);
  });
  return Buffer.concat([header, ...elements]);
}

/** At most four bytes go into the tag itself. */
function matField(type: number, data: Buffer): Buffer {
  if (data.length <= 4 && data.length > 0) {
    const small = Buffer.alloc(8);
    small.writeUInt16LE(type, 0);
    small.writeUInt16LE(data.length, 2);
    data.copy(small, 4);
    return small;
  }
  return Buffer.concat([tag(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

function tag(type: number, bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(bytes, 4);
  return out;
}
