import { ConfigError } from '../../../errors.ts';
import { onPixels } from '../canvas.ts';
import { checkKeys, checkProbability, type Range } from '../check.ts';
import { hueTurn } from '../color.ts';
import { turnRange } from '../color-range.ts';
import { hueTurnYiq } from '../color-yiq.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';

/** Every colour turned along the colour circle by the same amount. */
export interface Hue {
  readonly op: 'hue';
  /** Turns of the colour circle, within [-0.5, 0.5]. */
  readonly turn: Range;
  /** `hsv`: the shift of torchvision and PIL. `yiq`: a linear one that keeps the luma; another change, see below. */
  readonly space: 'hsv' | 'yiq';
  readonly p: number;
}

/** A number `v` stands for `[-v, v]`, as in torchvision's `ColorJitter`. */
export interface HueSettings {
  readonly turn?: number | Range;
  readonly space?: 'hsv' | 'yiq';
  readonly p?: number;
}

export const hueKind: OpKind<Hue, HueSettings> = {
  complete(given) {
    checkKeys('hue', given, ['turn', 'space', 'p']);
    // The hue of MoCo v2's jitter, facebookresearch/moco, `main_moco.py`; BYOL has it too.
    const { turn = 0.1, space = 'hsv', p = 1 } = given;
    checkProbability('hue', p);
    if (space !== 'hsv' && space !== 'yiq') {
      throw new ConfigError(`hue: space must be 'hsv' or 'yiq'; got ${JSON.stringify(space)}`);
    }
    return { op: 'hue', turn: turnRange('hue', 'turn', turn), space, p };
  },
  colors: 'three',
  greyStays: true,
  draws: 2,
  draw: ({ turn, p }, u) => ({ turn: whenApplied(coin(column(u, 1), p), spread(column(u, 0), turn), 0) }),
  apply: (canvas, { space }, { turn }) =>
    onPixels(canvas, pixels => (space === 'hsv' ? hueTurn : hueTurnYiq)([pixels, turn!])[0]!, { eitherWay: true }),
  example: { turn: [0.25, 0.25] },
};

/**
 * Turns the hue, as torchvision's `adjust_hue` on floats. Pictures of other than three channels have none: see `channelRule`.
 *
 * PIL keeps hue in 8 bits, which moves a value by up to 11 of 255. The linear form, `space: 'yiq'`, is another change altogether: it
 * keeps the luma, where a shift in HSV keeps the largest channel. For vivid colours the two are up to 161 of 255 apart, 28 in the
 * mean for a tenth of a turn (`yiqGap` in the fixture `views.json`).
 * @param settings `turn` within [-0.5, 0.5], a range or a number `v` for `[-v, v]`, default 0.1 (MoCo v2's jitter); `space`, default
 * `'hsv'`; `p`, default 1.
 * @throws ConfigError when a setting is out of range.
 */
export function hue(settings: HueSettings = {}): Hue {
  return hueKind.complete(settings);
}
