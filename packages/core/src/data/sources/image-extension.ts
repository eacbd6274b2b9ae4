/** The usual extension of a picture's format, by its first bytes; `undefined` for what cannot be decoded. */
export function imageExtension(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'jpg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  if (head.startsWith('GIF8')) return 'gif';
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return 'tif';
  if (/^ftyp(avif|avis)/.test(head.slice(4))) return 'avif';
  if (head.startsWith('\x93NUMPY')) return 'npy';
  return undefined;
}
