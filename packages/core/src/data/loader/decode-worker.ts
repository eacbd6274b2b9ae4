/** A decoding thread: encoded pictures in, squares out. It loads the decoder alone, not the engine. */
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { SSLError } from '../../errors.ts';
import { decodeImage, reasonOf } from '../decode.ts';
import type { DecodeAnswer, DecodeTask } from './decode-task.ts';
import { requestFor, squareOf } from './square.ts';

// Several pictures are decoded at once, each on one thread, and none comes twice: a quarter less time than with the library's defaults.
sharp.concurrency(1);
sharp.cache(false);

parentPort!.on('message', async (task: DecodeTask) => {
  const answer = await answerTo(task);
  parentPort!.postMessage(answer, 'data' in answer ? [answer.data.buffer as ArrayBuffer] : []);
});

async function answerTo({ id, bytes, decode, size, fit }: DecodeTask): Promise<DecodeAnswer> {
  try {
    const image = await decodeImage(bytes, { ...decode, ...requestFor(size, fit) });
    const { data, width, height } = squareOf(image, size, fit);
    // What comes from the decoder is in memory of its own, which cannot change hands.
    return { id, data: Buffer.isBuffer(data) ? new Uint8Array(data) : data, width, height };
  } catch (error) {
    if (SSLError.isInstance(error) && error.name === 'DataError') return { id, reason: reasonOf(error) };
    return { id, fault: error instanceof Error ? error : new Error(String(error)) };
  }
}
