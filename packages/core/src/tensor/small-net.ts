/** For tests: a convolution, batch norm, pooling and a linear layer in plain ops, trained by momentum on drawn data. */
import { createHash } from 'node:crypto';
import { type Compiled, compile } from './compile.ts';
import { valueAndGradients } from './gradients.ts';
import { normal, rngFromSeed, stepKey } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import { Variable } from './variable.ts';

export interface SmallNet {
  /** Parameters, then running statistics, then momenta. */
  readonly variables: readonly Variable[];
  /** Images `[8, 8, 8, 3]`, one-hot labels `[8, 5]` → loss, scalar. Updates every variable. */
  readonly step: (images: Tensor, labels: Tensor) => { loss: Tensor };
}

const MOMENTUM = 0.9;
const RATE = 0.05;

export function smallNet(): SmallNet {
  const rng = rngFromSeed(1);
  const filter = new Variable(normal(rng, [3, 3, 3, 8], 0, 0.2), { name: 'filter' });
  const [scale, shift] = [
    new Variable(tf.ones([8]), { name: 'scale' }),
    new Variable(tf.zeros([8]), { name: 'shift' }),
  ];
  const weight = new Variable(normal(rng, [128, 5], 0, 0.1), { name: 'weight' });
  const bias = new Variable(tf.zeros([5]), { name: 'bias' });
  const mean = new Variable(tf.zeros([8]), { kind: 'buffer', name: 'mean' });
  const trained = [filter, scale, shift, weight, bias];
  const momenta = trained.map(({ shape, name }) => new Variable(tf.zeros([...shape]), { name: `${name}.momentum` }));

  const logits = (images: Tensor): Tensor => {
    const x: Tensor = tf.conv2d(images as never, filter.read() as never, 1, 'same'); //  [8, 8, 8, 8]
    const { mean: batchMean, variance } = tf.moments(x, [0, 1, 2]);
    mean.assign(
      mean
        .read()
        .mul(MOMENTUM)
        .add(batchMean.mul(1 - MOMENTUM)),
    );
    const normalised = x.sub(batchMean).mul(variance.add(1e-5).rsqrt()).mul(scale.read()).add(shift.read());
    const pooled = tf.maxPool(normalised.relu() as never, 2, 2, 'valid') as Tensor; //  [8, 4, 4, 8]
    return pooled.reshape([8, 128]).matMul(weight.read()).add(bias.read()); //          [8, 5]
  };
  const step = (images: Tensor, labels: Tensor): { loss: Tensor } => {
    const loss = (): Tensor => tf.losses.softmaxCrossEntropy(labels, logits(images));
    const { value, gradients } = valueAndGradients(loss, trained);
    trained.forEach((variable, i) => {
      momenta[i]!.assign(momenta[i]!.read().mul(MOMENTUM).add(gradients[i]!));
      variable.assign(variable.read().sub(momenta[i]!.read().mul(RATE)));
    });
    return { loss: value };
  };
  return { variables: [...trained, mean, ...momenta], step };
}

/** Images and labels of one step, the same for the same number. */
export function smallBatch(step: number): [Tensor, Tensor] {
  return tf.tidy(() => {
    const [first, second] = stepKey(7, step).dataSync() as Int32Array;
    const classes = tf.tensor1d(
      Array.from({ length: 8 }, (_, i) => (i * 3 + step) % 5),
      'int32',
    );
    const labels = tf.oneHot(classes, 5).cast('float32');
    const colours = tf.tensor2d([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 1, 0],
      [0, 1, 1],
    ]); // of the classes
    const noise = normal(rngFromSeed(first! ^ second!), [8, 8, 8, 3], 0, 0.5);
    return [noise.add(labels.matMul(colours).reshape([8, 1, 1, 3])), labels] as [Tensor, Tensor];
  });
}

/** Runs `steps` steps, compiled or not, and gives the losses and the variables' values. */
export async function train(steps: number, compiled: boolean): Promise<{ losses: number[]; values: Float32Array[] }> {
  const net = smallNet();
  const run: Compiled<[Tensor, Tensor], { loss: Tensor }> | undefined = compiled ? compile(net.step) : undefined;
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [images, labels] = smallBatch(i);
    const { loss } = run ? await run(images, labels) : tf.tidy(() => net.step(images, labels));
    losses.push(loss.dataSync()[0]!);
    tf.dispose([images, labels, loss]);
  }
  const values = net.variables.map(variable => variable.values() as Float32Array);
  run?.dispose();
  for (const variable of net.variables) variable.dispose();
  return { losses, values };
}

/** A hash of every bit that training left behind. */
export function digest({ losses, values }: { losses: readonly number[]; values: readonly Float32Array[] }): string {
  const hash = createHash('sha256').update(Float64Array.from(losses));
  for (const array of values) hash.update(array);
  return hash.digest('hex');
}
