/** One request of a download: appends what arrives to a partial file. */
import type { FileHandle } from 'node:fs/promises';
import { DataError } from '../errors.ts';
import type { PartialFile, RemoteFile } from './partial-file.ts';

/** Why an attempt ended early, where another may succeed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** What the server asked to wait, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(reason: string, waitMs?: number) {
    super(reason);
    this.waitMs = waitMs;
  }
}

export interface Attempt {
  readonly url: string;
  /** A checksum is known, so pieces from two responses may be joined without the server's word that they fit. */
  readonly checked: boolean;
  /** Bytes of the whole, where known beforehand. */
  readonly bytes: number | undefined;
  /** No byte for this long ends the attempt. */
  readonly stallMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (done: number, total: number) => void;
}

/**
 * Requests what is missing of `partial`.
 * @throws Interrupted when trying again may help.
 * @throws DataError when it will not: the file is not there, or has another size.
 */
export async function fetchRest(attempt: Attempt, partial: PartialFile): Promise<void> {
  const stall = stallTimer(attempt);
  try {
    const start = await usableBytes(attempt, partial);
    const response = await requested(attempt.url, start, (await partial.remote()).validator, stall.signal);
    stall.touch();
    if (response.status === 416) {
      await partial.discard();
      throw new Interrupted('the part on the disk does not fit the file');
    }
    const from = startOf(response);
    const remote = remoteFile(response, from);
    checkSize(attempt, remote);
    if (start === 0 || from === 0) await partial.remember(remote);
    const handle = await partial.open();
    try {
      await handle.truncate(from);
      await append(response, handle, from, { attempt, total: remote.total, touch: stall.touch });
    } finally {
      await handle.close();
    }
  } catch (error) {
    attempt.signal?.throwIfAborted();
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    stall.stop();
  }
}

/** Bytes on the disk that a response may be joined to. */
async function usableBytes({ checked }: Attempt, partial: PartialFile): Promise<number> {
  const there = await partial.size();
  if (there === 0 || checked || (await partial.remote()).validator !== undefined) return there;
  await partial.discard();
  return 0;
}

async function requested(
  url: string,
  start: number,
  validator: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (start > 0) headers.range = `bytes=${start}-`;
  if (start > 0 && validator !== undefined) headers['if-range'] = validator;
  let response: Response;
  try {
    response = await fetch(url, { headers, signal });
  } catch (error) {
    throw new Interrupted(reasonOf(error));
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const said = `${response.status} ${response.statusText}`.trim();
  // RFC 9110, section 15.5: the other 4xx say that asking again changes nothing.
  if (response.status >= 500 || [408, 425, 429].includes(response.status)) {
    const seconds = Number(response.headers.get('retry-after'));
    throw new Interrupted(`the server answered ${said}`, seconds > 0 ? seconds * 1000 : undefined);
  }
  throw new DataError(
    `download: ${url} must be there; got ${said}; fetch the file by hand, or set SSL_MIRROR to a server that has it`,
  );
}

/** Where the body starts in the file: 0 where the server does not know ranges, or the file has changed. */
function startOf(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
}

function remoteFile({ headers }: Response, from: number): RemoteFile {
  const etag = headers.get('etag');
  // RFC 9110, section 13.1.5: a weak entity tag is not for If-Range.
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  const length = headers.get('content-length');
  return {
    ...(validator !== null && { validator }),
    ...(length !== null && { total: from + Number(length) }),
  };
}

function checkSize({ url, bytes }: Attempt, { total }: RemoteFile): void {
  if (bytes === undefined || total === undefined || bytes === total) return;
  throw new DataError(
    `download: ${url} must have ${bytes} bytes; got ${total}; the file is another one, so look for a newer version of this package or set SSL_MIRROR`,
  );
}

interface Appending {
  readonly attempt: Attempt;
  readonly total: number | undefined;
  readonly touch: () => void;
}

async function append(
  response: Response,
  handle: FileHandle,
  from: number,
  { attempt, total, touch }: Appending,
): Promise<void> {
  let position = from;
  attempt.onBytes(position, total ?? 0);
  for await (const chunk of received(response)) {
    touch();
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written);
      written += bytesWritten;
    }
    position += chunk.length;
    attempt.onBytes(position, total ?? 0);
  }
  if (total !== undefined && position < total) throw new Interrupted('the connection ended early');
}

/** The body; only its own errors are the network's, those of the disk pass by. */
async function* received({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new Interrupted(reasonOf(error));
    });
    if (done) return;
    yield value;
  }
}

function stallTimer({ stallMs, signal }: Attempt): { signal: AbortSignal; touch(): void; stop(): void } {
  const stalled = new AbortController();
  const expire = (): void => stalled.abort(new Interrupted(`nothing came for ${stallMs / 1000} s`));
  let timer = setTimeout(expire, stallMs);
  return {
    signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    touch() {
      clearTimeout(timer);
      timer = setTimeout(expire, stallMs);
    },
    stop() {
      clearTimeout(timer);
      stalled.abort(); // lets go of a response that was not read to its end
    },
  };
}

/** Node hides what happened in the cause: "fetch failed" is all that the message says. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  return [inner || code || message].join('');
}
