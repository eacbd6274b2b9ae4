import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { sharedEngine } from '../../engine/jpeg.ts';
import { ConfigError, DataError, SSLError } from '../../errors.ts';
import type { EncodedImage, ImageFile } from '../dataset.ts';
import type { Fit } from '../resize.ts';
import type { DecodeAnswer, DecodeTask, ThreadData } from './decode-task.ts';
import type { Square } from './square.ts';

export interface DecodePool {
  /** @throws DataError when the picture cannot be decoded, or its file not be read; its `cause` has the short reason, and the system's code. */
  decode(picture: EncodedImage | ImageFile, size: number, fit: Fit): Promise<Square>;
  /** Ends the threads. What is under way is given up: its promises are rejected. */
  close(): Promise<void>;
}

/** Pictures that a thread has at once: the next is read into it while one is decoded. */
const IN_FLIGHT = 2;

/** By default one core is left to the training step. */
export const DEFAULT_WORKERS: number = Math.max(1, Math.min(8, availableParallelism() - 1));

interface Waiting {
  readonly task: DecodeTask;
  readonly resolve: (square: Square) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/**
 * Threads that decode. They are started when they are needed and do not keep the process alive while there is nothing to do.
 * @param count at least 1.
 */
export function decodePool(count: number = DEFAULT_WORKERS): DecodePool {
  if (!Number.isInteger(count) || count < 1)
    throw new ConfigError(`decodePool: workers must be a whole number of at least 1; got ${count}`);
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  /** Memory of squares that nobody needs any more. */
  const spare: ArrayBuffer[] = [];
  let ids = 0;
  let closed = false;
  const freeThread = (): Thread | undefined => {
    const least = [...threads].reduce<Thread | undefined>(
      (best, thread) => (thread.waiting.size < (best?.waiting.size ?? IN_FLIGHT) ? thread : best),
      undefined,
    );
    if (least?.waiting.size === 0 || threads.size >= count) return least;
    const started = startThread(spare, handOut, () => threads.delete(started));
    threads.add(started);
    return started;
  };
  const handOut = (): void => {
    while (queue.length > 0) {
      const thread = freeThread();
      if (!thread) return;
      ask(thread, queue.shift()!, spare.pop());
    }
  };
  return {
    decode: (picture, size, fit) =>
      new Promise((resolve, reject) => {
        if (closed) throw new Error('decodePool: it is closed');
        queue.push({ task: { id: ids++, picture, size, fit }, resolve, reject });
        handOut();
      }),
    async close() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(new Error('decodePool: it was closed'));
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

/** @param spare takes the memory of released squares @param onFree after each answer @param onLost when the thread is gone */
function startThread(spare: ArrayBuffer[], onFree: () => void, onLost: () => void): Thread {
  const worker = new Worker(workerFile(), {
    execArgv: [], // not `--input-type` and its like, which are for the main program
    workerData: threadData(),
  });
  const waiting = new Map<number, Waiting>();
  const lose = (error: Error): void => {
    onLost();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onFree();
  };
  worker.on('message', (answer: DecodeAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (asked) settle(asked, answer, spare);
    onFree();
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', cause => lose(new Error(`a decoding thread failed: ${String(cause)}`, { cause })));
  worker.on('exit', code => lose(new Error(`a decoding thread ended with code ${code}`)));
  worker.unref();
  return { worker, waiting };
}

function threadData(): ThreadData {
  try {
    return { engine: sharedEngine() };
  } catch (error) {
    if (SSLError.isInstance(error) && error.name === 'EngineError') return {}; // looking at data needs none
    throw error;
  }
}

function ask({ worker, waiting }: Thread, asked: Waiting, into: ArrayBuffer | undefined): void {
  waiting.set(asked.task.id, asked);
  worker.ref();
  worker.postMessage({ ...asked.task, into }, into ? [into] : []); // encoded bytes are copied: they are the dataset's
}

function settle({ task, resolve, reject }: Waiting, answer: DecodeAnswer, spare: ArrayBuffer[]): void {
  if ('data' in answer) {
    const { data, width, height } = answer;
    resolve({ data, width, height, release: () => spare.push(data.buffer as ArrayBuffer) });
  } else if ('fault' in answer) reject(answer.fault);
  else {
    const { reason, code } = answer;
    const cause = Object.assign(new Error(reason), code !== undefined && { code });
    const wrong =
      'path' in task.picture
        ? `decodePool: every picture must be readable; got ${task.picture.path}: ${reason}; remove or replace it`
        : `decodePool: the bytes must be a whole picture; got: ${reason}`;
    reject(new DataError(wrong, { cause }));
  }
}

/** By the package's own name, since the built file lies elsewhere than the source. */
function workerFile(): URL {
  return pathToFileURL(createRequire(import.meta.url).resolve('@ssl/core/decode-worker'));
}
