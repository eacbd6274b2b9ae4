/** A cheap look at a shared library before it is loaded: a broken one kills the process instead of throwing. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** TensorFlow's libraries have tens to hundreds of megabytes; less than this is a placeholder or a cut download. */
const LEAST_BYTES = 1 << 20;
const HEADER_BYTES = 64;

/** What is wrong with the shared library at `file`, or `undefined`. Reads 64 bytes. */
export function binaryFault(file: string, leastBytes: number = LEAST_BYTES): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return `it cannot be opened (${(error as NodeJS.ErrnoException).code})`;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return 'it is not a file';
    if (stat.size < leastBytes) return `it has only ${stat.size} bytes`;
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
    return headerFault(header, stat.size);
  } finally {
    closeSync(descriptor);
  }
}

function headerFault(header: Buffer, size: number): string | undefined {
  const magic = header.readUInt32BE(0);
  if (process.platform === 'darwin') {
    // mach-o/loader.h: MH_MAGIC_64 as stored by a little-endian machine; fat.h: FAT_MAGIC
    return magic === 0xcffaedfe || magic === 0xcafebabe ? undefined : 'it is not a Mach-O library';
  }
  if (process.platform === 'win32') {
    return header.toString('latin1', 0, 2) === 'MZ' ? undefined : 'it is not a Windows library';
  }
  return magic === 0x7f454c46 ? elfFault(header, size) : 'it is not an ELF library';
}

/** Offsets are those of `Elf64_Ehdr`, elf(5). The table of sections lies last, so a cut file lacks it. */
function elfFault(header: Buffer, size: number): string | undefined {
  if (header[4] !== 2 || header[5] !== 1) return 'it is not for a 64-bit little-endian machine';
  const machine = header.readUInt16LE(0x12);
  const expected = { x64: 62, arm64: 183 }[process.arch as string]; // EM_X86_64, EM_AARCH64
  if (expected !== undefined && machine !== expected)
    return `it is for another kind of processor (ELF machine ${machine})`;
  const end = Number(header.readBigUInt64LE(0x28)) + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
  return end > size ? `it is cut off: ${size} of at least ${end} bytes` : undefined;
}
