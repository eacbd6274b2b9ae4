import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pretrainProgress, rateClock } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function stream(isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(text: string): void } {
  return {
    isTTY,
    columns: 200,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

function report(show: ReturnType<typeof pretrainProgress>): void {
  for (const done of [1, 2, 3]) show({ phase: 'decode', done, total: 3 });
  for (let done = 1; done <= 4; done++) {
    vi.advanceTimersByTime(2000);
    const loss = 5 - done;
    show({ phase: 'train', done, total: 4, epoch: done < 3 ? 1 : 2, epochs: 2, loss, imagesPerSecond: 123.6 });
  }
}

test('a file or a pipe gets a plain line now and then, and the last', () => {
  const out = stream(false);
  report(pretrainProgress(out));
  expect(out.text).toBe(
    'reading  ████████░░░░░░░░░░░░░░░░  33 %  1 of 3 images  –:–– left\n' +
      'reading  ████████████████████████ 100 %  3 of 3 images\n' +
      'training ██████░░░░░░░░░░░░░░░░░░  25 %  epoch 1 of 2  loss 4.0000  124 images/s  –:–– left\n' +
      'training ████████████████████████ 100 %  epoch 2 of 2  loss 1.0000  124 images/s\n',
  );
});

test('a terminal gets a line that is drawn again, with the time left', () => {
  const out = stream(true);
  report(pretrainProgress(out));
  const lines = out.text.split('\n').flatMap(line => line.split('\r\u001b[2K'));
  expect(lines).toContain(
    'training ████████████░░░░░░░░░░░░  50 %  epoch 1 of 2  loss 3.0000  124 images/s  0:04 left',
  );
  expect(out.text.match(/\n/g)).toHaveLength(2);
});

test('a message can follow a bar that is not full', () => {
  const out = stream(true);
  const show = pretrainProgress(out);
  show({ phase: 'decode', done: 1, total: 3 });
  expect(out.text).not.toMatch(/\n/);
  show.finish();
  show.finish();
  expect(out.text).toMatch(/[^\n]\n$/);
});

test('the speed is that of the last 20 steps', () => {
  const rate = rateClock(10);
  vi.advanceTimersByTime(60_000); // the first step compiles the graph
  expect(rate()).toBeCloseTo(10 / 60);
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(100);
    rate();
  }
  vi.advanceTimersByTime(100);
  expect(rate()).toBeCloseTo(100);
});
