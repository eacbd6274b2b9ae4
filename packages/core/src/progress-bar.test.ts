import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { duration, type ProgressStream, progressBar } from './progress-bar.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function recorder(isTTY: boolean, columns = 200): { stream: ProgressStream; written: string[] } {
  const written: string[] = [];
  return { stream: { isTTY, columns, write: text => written.push(text) }, written };
}

test('in a terminal the line is redrawn, at most every 80 ms, and ended at the end', () => {
  const { stream, written } = recorder(true);
  const bar = progressBar('training', stream);
  bar.update(0, 4, 'loss 3');
  vi.advanceTimersByTime(50);
  bar.update(1, 4, 'too soon');
  vi.advanceTimersByTime(1950);
  bar.update(2, 4, 'loss 2');
  bar.update(4, 4, 'loss 1');
  expect(written).toEqual([
    '\r\u001b[2Ktraining ░░░░░░░░░░░░░░░░░░░░░░░░   0 %  loss 3  –:–– left',
    '\r\u001b[2Ktraining ████████████░░░░░░░░░░░░  50 %  loss 2  0:02 left',
    '\r\u001b[2Ktraining ████████████████████████ 100 %  loss 1',
    '\n',
  ]);
});

test('elsewhere there is a plain line every five seconds', () => {
  const { stream, written } = recorder(false);
  const bar = progressBar('training', stream);
  for (let i = 0; i < 12; i++) {
    bar.update(i, 100, `step ${i}`);
    vi.advanceTimersByTime(1000);
  }
  bar.finish();
  expect(written.map(line => /step \d+.*\n$/.exec(line)?.[0])).toEqual([
    'step 0  –:–– left\n',
    'step 5  1:35 left\n',
    'step 10  1:30 left\n',
  ]);
});

test('a resumed run counts the speed from where it started', () => {
  const { stream, written } = recorder(true);
  const bar = progressBar('training', stream);
  bar.update(90, 100, '');
  vi.advanceTimersByTime(1000);
  bar.update(91, 100, '');
  expect(written.at(-1)).toContain('0:09 left');
});

test('an unknown total and a narrow terminal', () => {
  const { stream, written } = recorder(true, 40);
  progressBar('fetching', stream).update(7, 0, 'some text that is longer than the terminal is wide');
  expect(written[0]!.length).toBe('\r\u001b[2K'.length + 39);
  expect(written[0]).toContain('fetching ░░░░░░░░░░░░░░░░░░░░░░░░   – %');
});

test.each([
  [0, '0:00'],
  [61_400, '1:01'],
  [3_723_000, '1:02:03'],
  [Number.POSITIVE_INFINITY, '–:––'],
])('duration(%d) is %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});
