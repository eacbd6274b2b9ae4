/** SimCLR's losses against their references: rows of docs/parity.md, and tests. */
import { type FixtureTensor, fixtureTensor, lossParity, type Parity, readFixture } from '@ssl/core/testing';
import { type DCLWOptions, dcl, dclw, distillationLoss, ntXent } from './index.ts';

interface Reference {
  readonly loss: number;
  readonly gradient: FixtureTensor;
}

interface Case extends DCLWOptions {
  readonly name: string;
  readonly z: FixtureTensor;
  readonly ntXent: Reference;
  readonly dcl: Reference;
  readonly dclw: Reference;
}

const { cases } = readFixture<{ cases: readonly Case[] }>(import.meta.url, 'nt-xent.json');
const LOSSES = { ntXent: [ntXent, 'NTXentLoss'], dcl: [dcl, 'DCLLoss'], dclw: [dclw, 'DCLWLoss'] } as const;

interface Answers {
  readonly name: string;
  readonly temperature: number;
  readonly student: FixtureTensor;
  readonly teacher: FixtureTensor;
  readonly loss: number;
  readonly gradient: FixtureTensor;
}

const answers = readFixture<{ cases: readonly Answers[] }>(import.meta.url, 'distillation.json').cases;

const distilled: Parity = answers.flatMap(({ name, temperature, student, teacher, loss, gradient }) =>
  lossParity({
    what: `distillationLoss, ${name}`,
    reference: 'PyTorch, cross_entropy with softmax targets',
    loss: logits => distillationLoss(logits!, fixtureTensor(teacher), { temperature }),
    inputs: [student],
    expected: { loss, gradients: [gradient] },
  }),
);

const contrasted: Parity = Object.entries(LOSSES).flatMap(([name, [loss, reference]]) =>
  cases.flatMap(each => {
    const { loss: value, gradient } = each[name as keyof typeof LOSSES];
    // The decoupled losses are differences: near 0 little is left of terms of about 3.
    const cancelled = name !== 'ntXent' && Math.abs(value) < 0.1;
    const both = lossParity({
      ...(cancelled && { tolerance: 1e-4, reason: `the loss of ${value.toFixed(2)} is a difference of terms near 3` }),
      what: `${name}, ${each.name}`,
      reference: `lightly 1.6.0, ${reference}`,
      loss: z => loss(z!, each),
      inputs: [each.z],
      expected: { loss: value, gradients: [gradient] },
    });
    // At the maximum of every similarity nothing is left of the gradient but rounding, there and here.
    return each.name === 'all rows identical' ? both.slice(0, 1) : both;
  }),
);

export const parity: Parity = [...contrasted, ...distilled];
