import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { variable } from '@ssl/core/nn';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { dinoLoss, dinoTargets, moveCenter } from './index.ts';
import { parity } from './parity.ts';

describeParity('dino', parity);

const rng = rngFromSeed(7);
const rows = (count: number, width: number): Tensor => normal(rng, [count, width]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const OPTIONS = { studentTemperature: 0.5, teacherTemperature: 0.2 };
const [B, K] = [5, 7];
const student = [1, 2, 3, 4].map(() => rows(B, K));
const teacher = [1, 2].map(() => rows(B, K));
const center = rows(1, K).reshape([K]);

describe('closed forms', () => {
  test('a student that tells nothing apart: ln K', () => {
    const alike = student.map(() => tf.ones([B, K]) as Tensor);
    expect(value(dinoLoss(alike, teacher, OPTIONS))).toBeCloseTo(Math.log(K), 6);
  });

  test('a sure teacher and two outputs: ln(1 + exp(difference / τ)) for the wrong way', () => {
    const sure = tf.tensor2d([[100, 0]]);
    const says = (difference: number): Tensor => tf.tensor2d([[0, difference]]);
    const loss = dinoLoss([says(1), says(2), says(-1)], [sure, sure], OPTIONS);
    const wrong = (difference: number): number => Math.log(1 + Math.exp(difference / 0.5));
    // Either view of the teacher with the other of the student, and both with the third.
    expect(value(loss)).toBeCloseTo((wrong(1) + wrong(2) + 2 * wrong(-1)) / 4, 5);
  });

  test('targets are centred, then sharpened', () => {
    const outputs = tf.tensor2d([[3, 1, 2]]);
    const targets = dinoTargets(outputs, { teacherTemperature: 0.5, center: tf.tensor1d([3, 1, 1]) });
    const e = Math.exp(2);
    for (const [i, share] of [1, 1, e].entries()) expect(targets.dataSync()[i]).toBeCloseTo(share / (2 + e), 6);
  });
});

describe('properties', () => {
  const loss = (views: readonly Tensor[], own = teacher): Tensor => dinoLoss(views, own, { ...OPTIONS, center });

  test('gradient by differences; the teacher and the centre get none', () => {
    expect(gradientError((...views) => loss(views), student)).toBeLessThan(1e-2);
    const ofTeacher = tf.grad(t => loss(student, [t, teacher[1]!]).add(t.sum().mul(0)) as never)(teacher[0]!);
    const ofCenter = tf.grad(c => dinoLoss(student, teacher, { ...OPTIONS, center: c }).add(c.sum().mul(0)) as never)(
      center,
    );
    expect([value(ofTeacher.abs().max()), value(ofCenter.abs().max())]).toEqual([0, 0]);
  });

  test('no view is compared with itself', () => {
    const [first, second] = student as [Tensor, Tensor];
    const pair = loss([first, second]);
    const crossed = tf.addN(
      [0, 1].map(i => {
        const logs = tf.logSoftmax(student[i]!.div(0.5) as never) as Tensor;
        return dinoTargets(teacher[1 - i]!, { teacherTemperature: 0.2, center })
          .mul(logs)
          .sum(1)
          .mean()
          .neg();
      }),
    );
    expect(value(pair)).toBeCloseTo(value(crossed) / 2, 5);
  });

  test('one shift of all outputs changes nothing, and small views may change places', () => {
    const [a, b, c, d] = student as [Tensor, Tensor, Tensor, Tensor];
    expect(value(loss([a.add(3), b, c, d], [teacher[0]!.sub(2), teacher[1]!]))).toBeCloseTo(value(loss(student)), 5);
    expect(value(loss([a, b, d, c]))).toBeCloseTo(value(loss(student)), 5);
    expect(Math.abs(value(loss([b, a, c, d])) - value(loss(student)))).toBeGreaterThan(0.01);
  });

  test('compiled, with the temperature as an argument, it is the same', async () => {
    const run = compile((temperature: Tensor) =>
      dinoLoss(student, teacher, { ...OPTIONS, teacherTemperature: temperature }),
    );
    for (const teacherTemperature of [0.04, 0.3]) {
      const given = tf.scalar(teacherTemperature);
      expect(value(await run(given))).toBeCloseTo(
        value(dinoLoss(student, teacher, { ...OPTIONS, teacherTemperature })),
        4,
      );
    }
    expect(run.graphs).toBe(1);
    run.dispose();
  });
});

describe('the centre', () => {
  const start = () => variable(() => tf.ones([K]), { kind: 'buffer' });

  test('keeps a share of itself and takes the rest from the mean of the outputs', () => {
    const own = start();
    moveCenter(
      own,
      tf.tensor2d([
        [1, 2, 3, 4, 5, 6, 7],
        [3, 2, 1, 0, -1, -2, -3],
      ]),
      0.75,
    );
    for (const [i, mean] of [2, 2, 2, 2, 2, 2, 2].entries()) expect(own.values()[i]).toBeCloseTo(0.75 + 0.25 * mean, 6);
    moveCenter(own, rows(3, K), 1);
    expect(own.values()[0]).toBeCloseTo(1.25, 6);
  });

  test('over ranks it follows the outputs of all', () => {
    const all = tf.concat(teacher);
    const whole = start();
    moveCenter(whole, all, 0.9);
    const parts: Float32Array[] = [];
    acrossRanks(2, rank => {
      const own = start();
      moveCenter(own, tf.slice(all, rank * B, B), 0.9);
      parts[rank] = Float32Array.from(own.values());
      return tf.scalar(0);
    });
    for (const part of parts) for (const [i, x] of part.entries()) expect(x).toBeCloseTo(whole.values()[i]!, 5);
  });
});

describe('what the loss refuses', () => {
  test.each([
    [[[3, 4]], [[3, 4]], 'got [3,4] and [3,4]'],
    [
      [
        [3, 4],
        [3, 4],
      ],
      [],
      'got [3,4], [3,4] and none',
    ],
    [
      [
        [3, 4],
        [3, 5],
      ],
      [[3, 4]],
      'got [3,4], [3,5] and [3,4]',
    ],
    [
      [
        [3, 4],
        [3, 4],
      ],
      [[2, 4]],
      'got [3,4], [3,4] and [2,4]',
    ],
    [
      [
        [3, 4],
        [3, 4],
      ],
      [
        [3, 4],
        [3, 4],
        [3, 4],
      ],
      'no more of them',
    ],
    [[[4], [4]], [[4]], 'two or more [B, K]'],
  ])('outputs %j and %j', (views, own, message) => {
    const call = (): Tensor =>
      dinoLoss(
        views.map(shape => tf.ones(shape)),
        own.map(shape => tf.ones(shape)),
        OPTIONS,
      );
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test.each(['studentTemperature', 'teacherTemperature'])('%s of 0 or less', name => {
    for (const temperature of [0, -0.1, Number.NaN]) {
      const call = (): Tensor => dinoLoss(student, teacher, { ...OPTIONS, [name]: temperature });
      expect(call).toThrow(ConfigError);
      expect(call).toThrow(`dinoLoss: ${name} must be above 0; got ${temperature}`);
    }
  });
});
