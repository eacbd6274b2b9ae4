/** One change of colour by a random factor: what `brightness`, `contrast` and `saturation` have in common. */
import { onPixels } from './canvas.ts';
import { checkKeys, checkProbability, type Range } from './check.ts';
import { blendBy } from './color.ts';
import { factorRange } from './color-range.ts';
import { coin, column, type OpKind, spread, whenApplied } from './op.ts';

type FactorName = 'brightness' | 'contrast' | 'saturation';

export interface ColorFactor<Name extends FactorName> {
  readonly op: Name;
  /** 1 changes nothing. */
  readonly factor: Range;
  readonly p: number;
}

/** A number `v` stands for `[max(0, 1 - v), 1 + v]`, as in torchvision's `ColorJitter`. */
export interface ColorFactorSettings {
  readonly factor?: number | Range;
  readonly p?: number;
}

/** The strength of MoCo's jitter (facebookresearch/moco, `main_moco.py`) and of PIRL's (facebookresearch/vissl, `pirl_jigsaw_4node_resnet50.yaml`). */
const STRENGTH = 0.4;

export function colorFactorKind<Name extends FactorName>(op: Name): OpKind<ColorFactor<Name>, ColorFactorSettings> {
  return {
    complete(given) {
      checkKeys(op, given, ['factor', 'p']);
      const { factor = STRENGTH, p = 1 } = given;
      checkProbability(op, p);
      return { op, factor: factorRange(op, 'factor', factor), p };
    },
    ...(op === 'saturation' && { colors: 'three', greyStays: true }),
    draws: 2,
    draw: ({ factor, p }, u) => ({ factor: whenApplied(coin(column(u, 1), p), spread(column(u, 0), factor), 1) }),
    apply: (canvas, _settings, { factor }) =>
      onPixels(canvas, pixels => blendBy(op, pixels, factor!), { eitherWay: true }),
    example: { factor: [1.8, 1.8], p: 1 },
  };
}
