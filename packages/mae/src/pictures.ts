import {
  gatherTokens,
  type PictureColumn,
  type PictureInput,
  type Tensor,
  tf,
  type VisionTransformer,
} from '@ssl/core';
import type { Decoder } from './decoder.ts';
import { patchify, patchStatistics, unpatchify } from './loss.ts';

/** The picture, what is seen of it, what is made of the rest, and both put together. */
export function reconstruction(
  vit: VisionTransformer,
  decoder: Decoder,
  normalizePixels: boolean,
  { images, drawn }: PictureInput,
): readonly PictureColumn[] {
  const { visible, masked, restore } = drawn as Readonly<Record<'visible' | 'masked' | 'restore', Tensor>>;
  const { patchSize } = vit.config;
  const grid = [images.shape[1]! / patchSize, images.shape[2]! / patchSize] as const;
  const patches = patchify(images, patchSize);
  const [seen, hidden] = [gatherTokens(patches, visible), gatherTokens(patches, masked)];
  const guessed = decoder.predict(vit.tokens(images, { keep: visible }), visible, masked);
  // Normalised guesses say nothing of brightness and contrast: those of the true patch are put in.
  const { mean, deviation } = patchStatistics(hidden);
  const answers = normalizePixels ? guessed.mul(deviation).add(mean) : guessed;
  const pictureOf = (shown: Tensor, rest: Tensor): Tensor =>
    unpatchify(gatherTokens(tf.concat([shown, rest], 1), restore), { grid, patchSize });
  return [
    { title: 'picture', pixels: images },
    { title: 'seen', pixels: pictureOf(seen, tf.zerosLike(hidden)) },
    { title: 'guessed', pixels: pictureOf(tf.zerosLike(seen), answers) },
    { title: 'both', pixels: pictureOf(seen, answers) },
  ];
}
