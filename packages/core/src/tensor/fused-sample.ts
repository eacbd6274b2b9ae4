/** For tests: fused ops in a compiled training step, as numbers to compare. */
import { xlaAvailable } from '../engine/xla.ts';
import { compile } from './compile.ts';
import { fused } from './fused.ts';
import { valueAndGradients, vectorJacobian } from './gradients.ts';
import { normal, rngFromSeed } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import { Variable } from './variable.ts';

export async function fusedSample(): Promise<{ xla: boolean; numbers: number[] }> {
  const norm = fused(
    (x, scale) => {
      const centred = x.sub(x.mean(-1, true));
      return centred.mul(centred.square().mean(-1, true).add(1e-5).rsqrt()).mul(scale);
    },
    { name: 'norm' },
  );
  const swish = fused(x => x.mul(tf.sigmoid(x)), { name: 'swish' });
  const rng = rngFromSeed(4);
  const [weight, scale] = [new Variable(normal(rng, [6, 5])), new Variable(tf.ones([5]))];
  const x = normal(rng, [7, 6]);
  const loss = (images: Tensor): Tensor =>
    swish(norm(images.matMul(weight.read()), scale.read()))
      .square()
      .mean();
  const step = compile((images: Tensor) => {
    const { value, gradients } = valueAndGradients(() => loss(images), [weight, scale]);
    return [value, ...gradients];
  });
  const eager = vectorJacobian(y => swish(norm(y, tf.ones([6]))), [x], tf.ones([7, 6]));
  const results = [...(await step(x)), ...eager];
  return { xla: xlaAvailable(), numbers: results.flatMap(result => [...result.dataSync()]) };
}
