/** Of a TIFF file, or of the EXIF part of a JPEG, which has that form. */
export interface Directory {
  readonly view: DataView;
  readonly little: boolean;
  /** By tag, where its value is, if that is one short number. */
  readonly at: ReadonlyMap<number, number>;
}

/** The entries of a TIFF's first directory (TIFF 6.0, section 2, and BigTIFF), as far as they lie within the bytes. */
export function firstDirectory(bytes: Uint8Array): Directory | undefined {
  const mark = bytes[0];
  if (bytes.length < 16 || mark !== bytes[1] || (mark !== 0x49 && mark !== 0x4d)) return undefined; // II or MM
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = mark === 0x49;
  const version = view.getUint16(2, little);
  if (version !== 42 && version !== 43) return undefined;
  const big = version === 43;
  const start = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  const [first, size, value] = big ? [start + 8, 20, 12] : [start + 2, 12, 8];
  if (first > bytes.length) return undefined;
  const count = big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little);
  const at = new Map<number, number>();
  for (let i = 0, entry = first; i < count && entry + size <= bytes.length; i++, entry += size) {
    at.set(view.getUint16(entry, little), entry + value);
  }
  return { view, little, at };
}
