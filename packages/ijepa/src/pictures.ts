import { type PictureColumn, type PictureInput, type Tensor, tf } from '@ssl/core';

/** The picture, what the context shows of it, and each target: all else is grey. */
export function maskPictures(
  { images, drawn }: PictureInput,
  patchSize: number,
  targets: number,
): readonly PictureColumn[] {
  const [B, H, W] = images.shape as [number, number, number, number];
  const [rows, columns] = [H / patchSize, W / patchSize];
  const only = (tokens: Tensor): Tensor => {
    const [, K] = tokens.shape as [number, number];
    const marks = tf
      .oneHot(tokens.reshape([B * K]) as never, rows * columns, 1, 0, 'float32')
      .reshape([B, K, rows * columns]);
    const cells = marks.max(1).reshape([B, rows, 1, columns, 1]);
    const mask = tf.broadcastTo(cells, [B, rows, patchSize, columns, patchSize]).reshape([B, H, W, 1]);
    return images.mul(mask);
  };
  const M = drawn.targets!.shape[1]! / targets;
  const blocks = Array.from({ length: targets }, (_, i) => ({
    title: `target ${i + 1}`,
    pixels: only(drawn.targets!.slice([0, i * M], [B, M])),
  }));
  return [{ title: 'picture', pixels: images }, { title: 'context', pixels: only(drawn.context!) }, ...blocks];
}
