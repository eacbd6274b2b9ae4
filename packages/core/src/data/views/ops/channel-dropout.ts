import { kernel } from '../../../tensor/fused.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { onPixels } from '../canvas.ts';
import { checkKeys, checkNumber, checkProbability } from '../check.ts';
import { coin, type OpKind } from '../op.ts';

/** Whole channels blanked, each by chance, never all of them. */
export interface ChannelDropout {
  readonly op: 'channelDropout';
  /** For each channel. */
  readonly p: number;
  /** What a channel is blanked with, on the scale 0 to 1. */
  readonly fill: number;
}

/** Pictures have at most so many channels. */
const MOST_CHANNELS = 16;

const blanked = kernel('views_channel_dropout', (pixels, kept, fill) => [
  tf.where(kept!.reshape([-1, pixels!.shape[1]!, 1, 1]).greater(0), pixels!, fill!),
]);

/** 1 for a channel that stays. The one with the largest number stays always, so that those that could be dropped are all alike. */
function keptOf(u: Tensor, p: number): Tensor {
  const lucky = tf.cast(u.equal(u.max(1, true)), 'float32');
  return tf.maximum(tf.sub(1, coin(u, p)), lucky);
}

export const channelDropoutKind: OpKind<ChannelDropout> = {
  complete(given) {
    const who = 'channelDropout';
    checkKeys(who, given, ['p', 'fill']);
    const { p = 0.2, fill = 0 } = given;
    checkProbability(who, p);
    checkNumber(who, 'fill', fill, [0, 1]);
    return { op: who, p, fill };
  },
  draws: MOST_CHANNELS,
  draw: ({ p }, u, { channels }) => ({ kept: keptOf(tf.slice(u, [0, 0], [-1, channels]), p) }),
  apply: (canvas, { fill }, { kept }) =>
    onPixels(canvas, pixels => blanked([pixels, kept!, tf.scalar(fill)])[0]!, { eitherWay: true }),
  example: { p: 0.5 },
};

/**
 * Blanks each channel with probability `p` by itself; where all would be blanked, one of them stays, any with the same chance. So a
 * picture of one channel never changes. (Kornia's `RandomChannelDropout` blanks a fixed number of channels instead.)
 * @param settings `p` for each channel, default 0.2; `fill`, 0 to 1, default 0.
 * @throws ConfigError when a setting is out of range.
 */
export function channelDropout(settings: Partial<Omit<ChannelDropout, 'op'>> = {}): ChannelDropout {
  return channelDropoutKind.complete(settings);
}
