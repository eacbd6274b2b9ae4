/** DINO against its official code and lightly: rows of docs/parity.md, and tests. */
import {
  decaySchedule,
  inContext,
  recipeSchedule,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  valueAndGradients,
} from '@ssl/core';
import { variable } from '@ssl/core/nn';
import {
  acrossRanks,
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { moveCenter } from './center.ts';
import { defaults, imagenet } from './config.ts';
import { dinoHead } from './head.ts';
import { balancedTargets, crossEntropyOfPairs, dinoLoss } from './loss.ts';
import { type GivenRun, runParity } from './parity-run.ts';
import { schedulesOf } from './schedules.ts';

interface GivenHead {
  readonly name: string;
  readonly features: FixtureTensor;
  readonly weights: Readonly<Record<string, FixtureTensor>>;
  readonly outputs: FixtureTensor;
  readonly gradient: FixtureTensor;
  readonly gradients: Readonly<Record<string, FixtureTensor>>;
}

interface Fixture {
  readonly cases: readonly {
    readonly name: string;
    readonly teacherTemperature: number;
    readonly student: readonly FixtureTensor[];
    readonly teacher: readonly FixtureTensor[];
    readonly center: FixtureTensor;
    readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  }[];
  readonly center: Readonly<Record<'students' | 'teachers' | 'losses' | 'centers', FixtureTensor>>;
  readonly heads: readonly GivenHead[];
  readonly schedules: Readonly<Record<'momentum' | 'weightDecay' | 'learningRate', readonly number[]>>;
  readonly runs: readonly GivenRun[];
}

interface SinkhornFixture {
  readonly cases: readonly {
    readonly name: string;
    readonly teacherTemperature: number;
    readonly student: readonly FixtureTensor[];
    readonly teacher: FixtureTensor;
    readonly targets: FixtureTensor;
    readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  }[];
}

const fixture = readFixture<Fixture>(import.meta.url, 'dino.json');
const { cases: balanced } = readFixture<SinkhornFixture>(import.meta.url, 'sinkhorn.json');
const LOSS = 'facebookresearch/dino main_dino.py, DINOLoss';
const BOTH = `${LOSS}, and lightly 1.6.0, DINOLoss`;
/** Of the fixture's schedules. */
const [STEPS, PER_EPOCH] = [20, 4];
const WARMUP = { warmupTeacherTemperature: 0.04, teacherTemperature: 0.07, warmupTeacherTemperatureEpochs: 3 };

export const parity: Parity = [
  ...fixture.cases.flatMap(({ name, teacherTemperature, student, teacher, center, expected }) =>
    lossParity({
      what: `dinoLoss, ${name}`,
      reference: BOTH,
      loss: (...outputs) =>
        dinoLoss(outputs, teacher.map(fixtureTensor), {
          studentTemperature: 0.1,
          teacherTemperature,
          center: fixtureTensor(center),
        }),
      inputs: student,
      expected,
    }),
  ),
  ...balanced.flatMap(balancedParity),
  ...centerParity(),
  ...fixture.heads.flatMap(headParity),
  ...scheduleParity(),
  ...fixture.runs.flatMap(runParity),
];

function balancedParity({
  name,
  teacherTemperature,
  student,
  teacher,
  targets,
  expected,
}: SinkhornFixture['cases'][number]): ParityCase[] {
  const reference = 'facebookresearch/dinov2 dino_clstoken_loss.py, DINOLoss';
  const outputs = fixtureTensor(teacher);
  const of = (x: Tensor): Tensor => balancedTargets(x, { teacherTemperature });
  const half = outputs.shape[0]! / 2;
  return [
    trajectory(`balancedTargets, ${name}`, reference, () => relativeError(of(outputs), targets)),
    trajectory(`balancedTargets across two ranks, ${name}`, reference, () =>
      relativeError(tf.concat(acrossRanks(2, rank => of(tf.slice(outputs, rank * half, half)))), targets),
    ),
    ...lossParity({
      what: `the loss with balancedTargets, ${name}`,
      reference,
      loss: (...views) =>
        crossEntropyOfPairs(
          views.map(view => view.div(0.1)),
          tf.split(of(outputs), 2),
        ),
      inputs: student,
      expected,
    }),
  ];
}

function trajectory(what: string, reference: string, difference: () => number): ParityCase {
  return { what, quantity: 'trajectory', reference, difference };
}

function centerParity(): ParityCase[] {
  const { students, teachers, losses, centers } = fixture.center;
  const path = (): readonly [losses: Tensor, centers: Tensor] => {
    const center = variable(() => tf.zeros([centers.shape[1]!]), { kind: 'buffer' });
    const { teacherTemperature } = schedulesOf({ ...defaults, ...WARMUP });
    const each = Array.from({ length: STEPS }, (_, step) => {
      const at = (given: FixtureTensor): Tensor[] =>
        tf.unstack(tf.gather(fixtureTensor(given), step) as never) as Tensor[];
      const teacher = at(teachers);
      const time = { step, steps: STEPS, stepsPerEpoch: PER_EPOCH };
      const options = { studentTemperature: 0.1, teacherTemperature: teacherTemperature!(time), center: center.read() };
      const loss = dinoLoss(at(students), teacher, options);
      moveCenter(center, tf.concat(teacher), defaults.centerMomentum);
      return [loss, center.read().clone()] as const;
    });
    return [tf.stack(each.map(([loss]) => loss)), tf.stack(each.map(([, moved]) => moved))];
  };
  return [
    trajectory(`losses of ${STEPS} steps with a centre and a warm-up`, LOSS, () => relativeError(path()[0], losses)),
    trajectory(`the centre over ${STEPS} steps`, LOSS, () => relativeError(path()[1], centers)),
  ];
}

function headParity({ name, features, weights, outputs, gradient, gradients }: GivenHead): ParityCase[] {
  const options = {
    ...{ hiddenDim: 7, bottleneckDim: 4, outputDim: outputs.shape[1]! },
    layers: name === '1 layer' ? 1 : 3,
    headNorm: name === 'batch norm',
    normLastLayer: !('last_layer.weight_g' in weights),
  };
  const make = () => {
    const head = dinoHead(features.shape[1]!, { ...options, rng: rngFromSeed(1) });
    const state = stateOf(head.members);
    for (const [key, { data }] of Object.entries(weights)) state.get(key)!.load(Float32Array.from(data));
    return { run: (x: Tensor): Tensor => inContext({ training: true }, () => head(x)), state };
  };
  const shared = { what: `dinoHead, ${name}`, reference: 'facebookresearch/dino vision_transformer.py, DINOHead' };
  const ofWeights = (): number => {
    const { run, state } = make();
    const names = Object.keys(gradients);
    const loss = () => run(fixtureTensor(features)).square().sum();
    const found = valueAndGradients(
      loss,
      names.map(key => state.get(key)!),
    ).gradients;
    // Of all weights together: those of a bias before a norm are 0.
    const flat = (all: readonly FixtureTensor[]): FixtureTensor => {
      const data = all.flatMap(each => [...each.data]);
      return { shape: [data.length], data };
    };
    return relativeError(tf.concat(found.map(x => x.flatten())), flat(Object.values(gradients)));
  };
  const ofInput = (): number => {
    const { run } = make();
    return relativeError(tf.grad(x => run(x).square().sum() as never)(fixtureTensor(features)), gradient);
  };
  return [
    trajectory(`${shared.what}, outputs`, shared.reference, () =>
      relativeError(make().run(fixtureTensor(features)), outputs),
    ),
    { ...shared, quantity: 'gradient', difference: () => Math.max(ofInput(), ofWeights()) },
  ];
}

function scheduleParity(): ParityCase[] {
  const reference = 'facebookresearch/dino utils.py, cosine_scheduler';
  const { momentum, weightDecay, learningRate } = fixture.schedules;
  const apart = (expected: readonly number[], at: (step: number) => number, from = 0): number =>
    Math.max(...expected.slice(from).map((value, i) => Math.abs(at(from + i) - value) / Math.abs(value)));
  const { momentum: ours } = schedulesOf(defaults);
  const rate = recipeSchedule({ ...imagenet, learningRate: 0.002, scaling: 'none', warmupEpochs: 1 }, 256, PER_EPOCH);
  return [
    trajectory('momentum of the teacher over 20 steps', reference, () =>
      apart(momentum, step => ours!({ step, steps: STEPS, stepsPerEpoch: PER_EPOCH })),
    ),
    trajectory('weight decay over 20 steps', reference, () =>
      apart(weightDecay, step => decaySchedule(imagenet)(step, STEPS)),
    ),
    trajectory('learning rate over 20 steps, after its warm-up', reference, () =>
      apart(learningRate, step => rate(step, STEPS), PER_EPOCH),
    ),
  ];
}
