/** The outputs of PIL, torchvision and Kornia that single view ops are held to; written by `scripts/parity/view_ops.py`. */
import { readFileSync } from 'node:fs';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { type Canvas, images, planes, settleUpright } from './canvas.ts';
import type { Drawn } from './op.ts';
import type { Case } from './parity-fixture.ts';
import { known, prepared } from './plan.ts';
import type { ViewOp } from './registry.ts';

type Stored = Case['output'];
type With<Names extends string> = Case & Readonly<Record<Names, number>>;
type Exact = Parameters<typeof import('./parity-fixture.ts').valuesOf>[0];

interface Fixture {
  readonly images: Readonly<Record<string, Stored>>;
  readonly centerCrop: readonly With<'shorterSide' | 'size'>[];
  readonly verticalFlip: readonly Case[];
  readonly hueYiq: readonly With<'turn'>[];
  readonly posterize: readonly With<'bits'>[];
  readonly equalize: readonly Case[];
  readonly autocontrast: readonly Case[];
  readonly invert: readonly Case[];
  readonly sharpness: readonly (With<'factor'> & { readonly tensorOutput: Exact })[];
  readonly photometric: readonly With<'bits' | 'factor' | 'threshold'>[];
  readonly erase: readonly (With<'top' | 'left' | 'height' | 'width'> & { readonly fill: readonly number[] })[];
  readonly lab: readonly { readonly image: string; readonly exact: Exact }[];
}

export const opsFixture: Fixture = JSON.parse(
  readFileSync(new URL('../__fixtures__/view-ops.json', import.meta.url), 'utf8'),
) as Fixture;

/** A picture of the fixture, `[1, H, W, C]`, 0 to 255. */
export function opsPicture(name: string): Tensor {
  const { shape, base64 } = opsFixture.images[name]!;
  return tf.tensor(Float32Array.from(Buffer.from(base64, 'base64')), [1, ...shape]);
}

/** Parameters as one picture has them. */
export function given(numbers: Readonly<Record<string, number>>): Drawn {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.tensor1d([value])]));
}

/** One op on pictures `[B, H, W, C]`, 0 to 255, of any proportions; the view is 0 to 1. */
export function appliedTo(pictures: Tensor, op: ViewOp, drawn: Drawn): Tensor {
  const pixels = planes(pictures);
  const size = pixels.shape[2]!;
  return seen(known(op).apply({ pixels, size }, op, prepared(op, drawn, size)));
}

function seen(canvas: Canvas): Tensor {
  const channels = canvas.pixels.shape[1]!;
  return images([settleUpright(canvas)], Array(channels).fill(1), Array(channels).fill(0));
}
