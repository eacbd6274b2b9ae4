/**
 * The 512-byte headers of tar archives: POSIX ustar and pax ("pax Interchange Format", POSIX.1-2017), GNU's long names and large sizes
 * (GNU tar manual, "Basic Tar Format"), and the headers without a magic number that came before both.
 */

export const TAR_BLOCK = 512;
/** GNU tar and Python's `tarfile` fill an archive up to a whole number of these. */
const TAR_RECORD = 20 * TAR_BLOCK;

/** Where each field lies: `[start, end)`. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 108],
  owner: [108, 116],
  group: [116, 124],
  size: [124, 136],
  time: [136, 148],
  checksum: [148, 156],
  type: [156, 157],
  magic: [257, 265],
  prefix: [345, 500],
} as const;

export interface TarHeader {
  readonly name: string;
  /** Bytes that follow, without what fills up the last block. */
  readonly size: number;
  /** One letter; old archives have a NUL for plain files. */
  readonly type: string;
}

/**
 * Reads a header; `undefined` for the block of zeros that ends an archive.
 * @throws Error with a short reason when it is none.
 */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every(byte => byte === 0)) return undefined;
  const stored = numberOf(block, FIELDS.checksum);
  if (stored !== checksum(block)) throw new Error('no tar header where one must be');
  const name = textOf(block, FIELDS.name);
  // GNU's own format ("ustar  ") keeps other things where POSIX has the prefix.
  const prefix = block.toString('latin1', ...FIELDS.magic).startsWith('ustar\0') ? textOf(block, FIELDS.prefix) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: numberOf(block, FIELDS.size),
    type: block.toString('latin1', ...FIELDS.type),
  };
}

/** The records of a pax header: `length key=value\n`, the length in bytes and of the whole record. */
export function parsePax(payload: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < payload.length; ) {
    const space = payload.indexOf(' ', start);
    const length = Number(payload.toString('latin1', start, Math.max(space, start)));
    if (space < 0 || !Number.isInteger(length) || length < 5 || start + length > payload.length) break; // fill
    const record = payload.toString('utf8', space + 1, start + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    start += length;
  }
  return records;
}

/**
 * A member as it stands in an archive: its header, its bytes, and zeros up to a whole block. The same for the same bytes: no time, no owner.
 * @param name at most 100 bytes of ASCII.
 */
export function tarMember(name: string, bytes: Uint8Array): Buffer {
  const member = Buffer.alloc(TAR_BLOCK + filled(bytes.length));
  const put = (text: string, [start, end]: readonly [number, number]): void => {
    member.write(text, start, end - start, 'latin1');
  };
  const octal = (value: number, field: readonly [number, number]): void => {
    put(value.toString(8).padStart(field[1] - field[0] - 1, '0'), field);
  };
  put(name, FIELDS.name);
  octal(0o444, FIELDS.mode);
  octal(0, FIELDS.owner);
  octal(0, FIELDS.group);
  octal(bytes.length, FIELDS.size);
  octal(0, FIELDS.time);
  put('0', FIELDS.type);
  put('ustar\x0000', FIELDS.magic);
  put(`${checksum(member).toString(8).padStart(6, '0')}\0 `, FIELDS.checksum);
  member.set(bytes, TAR_BLOCK);
  return member;
}

/** What follows the last member of an archive of `length` bytes so far: two empty blocks, and more up to a whole record. */
export function tarEnd(length: number): Buffer {
  const least = length + 2 * TAR_BLOCK;
  return Buffer.alloc(Math.ceil(least / TAR_RECORD) * TAR_RECORD - length);
}

/** The bytes that a payload takes in an archive. */
export function filled(bytes: number): number {
  return Math.ceil(bytes / TAR_BLOCK) * TAR_BLOCK;
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checksum(block: Buffer): number {
  const [start, end] = FIELDS.checksum;
  let sum = (end - start) * 0x20;
  for (let i = 0; i < start; i++) sum += block[i]!;
  for (let i = end; i < TAR_BLOCK; i++) sum += block[i]!;
  return sum;
}

function textOf(block: Buffer, [start, end]: readonly [number, number]): string {
  const nul = block.indexOf(0, start);
  return block.toString('utf8', start, nul < 0 || nul > end ? end : nul);
}

/** Octal digits, or GNU's base 256 with the first bit set. */
function numberOf(block: Buffer, [start, end]: readonly [number, number]): number {
  if (block[start]! & 0x80) {
    let value = block[start]! & 0x7f;
    for (let i = start + 1; i < end; i++) value = value * 256 + block[i]!;
    return value;
  }
  const digits = block.toString('latin1', start, end).replace(/\0.*$/s, '').trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}
