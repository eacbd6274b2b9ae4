/** Test helpers: small wheels, a pip that hands them out, and folders that vanish after the test. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A name that is not among the pinned checksums. */
export const WHEEL_NAME = 'tensorflow_cpu-2.20.0-cp311-cp311-test_x86_64.whl';

/** A folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ssl-engine-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Bytes that pass for a shared library of this machine; `fill` makes two of them differ. */
export function fakeLibrary(fill: number, bytes: number = 2 << 20): Buffer {
  const file = Buffer.alloc(bytes, fill);
  file.fill(0, 0, 64);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 0x12);
  file.writeBigUInt64LE(BigInt(bytes - 640), 0x28);
  file.writeUInt16LE(64, 0x3a);
  file.writeUInt16LE(10, 0x3c);
  return file;
}

/** The members that a wheel of TensorFlow has, as far as the installer is concerned, and some it must leave out. */
export function wheelMembers(): Record<string, Buffer> {
  return {
    'tensorflow/libtensorflow_framework.so.2': fakeLibrary(1),
    'tensorflow/__init__.py': Buffer.from('pass\n'),
    'tensorflow/python/libtensorflow_other.so.2': fakeLibrary(3),
    'tensorflow/THIRD_PARTY_NOTICES.txt': Buffer.from('notices\n'),
    'tensorflow/libtensorflow_cc.so.2': fakeLibrary(2, 5 << 20),
    'tensorflow_cpu-2.20.0.dist-info/METADATA': Buffer.from('Name: tensorflow-cpu\n'),
  };
}

/** A zip archive; the members whose name ends in `.txt` are stored, the others deflated. */
export function zip(members: Readonly<Record<string, Buffer>>): Buffer {
  const [bodies, entries]: Buffer[][] = [[], []];
  let offset = 0;
  for (const [name, data] of Object.entries(members)) {
    const stored = name.endsWith('.txt');
    const body = stored ? data : deflateRawSync(data, { level: 1 });
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(stored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(body.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const trailer = Buffer.alloc(14);
    trailer.writeUInt32LE((0o100000 | (name.includes('/bin/') ? 0o755 : 0o644)) * 2 ** 16, 6);
    trailer.writeUInt32LE(offset, 10);
    bodies!.push(Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), body);
    entries!.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, trailer, Buffer.from(name));
    offset += 4 + fields.length + Buffer.byteLength(name) + body.length;
  }
  const directory = Buffer.concat(entries!);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies!, directory, end]);
}

export interface FakePip {
  /** A folder with the command, to be put on the path alone. */
  readonly bin: string;
  /** A path with the fake in front of the system's basic commands. */
  readonly path: string;
  /** The arguments of each download, one line each. */
  readonly log: string;
}

/** A `pip` whose `download` logs its arguments and then runs `body`, a piece of shell that sees the target folder as `$into`. */
export function fakePip(folder: string, body: string, version = '24.0'): FakePip {
  const bin = join(folder, 'bin');
  const log = join(folder, 'pip.log');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo "pip ${version} from /somewhere (python 3.11)"; exit 0; fi
echo "$@" >> '${log}'
while [ $# -gt 0 ]; do if [ "$1" = -d ]; then into=$2; fi; shift; done
${body}
`;
  writeFileSync(join(bin, 'pip'), script);
  chmodSync(join(bin, 'pip'), 0o755);
  return { bin, log, path: [bin, '/usr/bin', '/bin'].join(delimiter) };
}

/** Writes a wheel and returns its path. */
export function writeWheel(
  folder: string,
  name: string = WHEEL_NAME,
  members: Readonly<Record<string, Buffer>> = wheelMembers(),
): string {
  const path = join(folder, name);
  writeFileSync(path, zip(members));
  return path;
}
