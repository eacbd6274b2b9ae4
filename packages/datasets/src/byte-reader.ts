import type { Readable } from 'node:stream';

/** Takes exact numbers of bytes from a stream. */
export interface ByteReader {
  /** Bytes taken so far. */
  position(): number;
  /** Throws an error called `EndOfBytes` when there are fewer. */
  take(bytes: number): Promise<Buffer>;
  /** The next `bytes`, in pieces as they come. */
  pieces(bytes: number): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** @param onClose is called when the reader is closed, for what stands behind the stream. */
export function byteReader(stream: Readable, onClose?: () => void): ByteReader {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  let taken = 0;
  async function* pieces(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done) throw endOfBytes(left);
        rest = value;
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      taken += piece.length;
      yield piece;
    }
  }
  return {
    position: () => taken,
    async take(bytes) {
      const parts: Buffer[] = [];
      for await (const piece of pieces(bytes)) parts.push(piece);
      return Buffer.concat(parts);
    },
    pieces,
    close() {
      stream.destroy();
      onClose?.();
    },
  };
}

function endOfBytes(missing: number): Error {
  const error = new Error(`${missing} bytes less than there must be`);
  error.name = 'EndOfBytes';
  return error;
}
