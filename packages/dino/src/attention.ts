import {
  type PictureColumn,
  type PictureInput,
  type PictureSheets,
  type Tensor,
  tf,
  type VisionTransformer,
} from '@ssl/core';

/**
 * Where the class token of the last block looks, of each head and on average (arXiv:2104.14294 fig. 1; visualize_attention.py), beside the picture.
 * @param network with a class token
 */
export function attentionSheet(network: VisionTransformer, { images }: PictureInput): PictureSheets {
  const maps = classAttention(network, images);
  const [B, heads, rows, columns] = maps.shape as [number, number, number, number];
  const each = Array.from({ length: heads }, (_, head): PictureColumn => {
    const pixels = maps.slice([0, head, 0, 0], [B, 1, rows, columns]).reshape([B, rows, columns]);
    return { title: `head ${head + 1}`, pixels };
  });
  return { attention: [{ title: 'picture', pixels: images }, { title: 'mean', pixels: maps.mean(1) }, ...each] };
}

/** How much the class token takes from each patch, of `[B, H, W, C]`: `[B, h, rows, columns]`. */
function classAttention(network: VisionTransformer, images: Tensor): Tensor {
  const all = network.attentionMaps(images); // [B, h, T, T]
  const [B, heads, T] = all.shape as [number, number, number];
  const [H, W] = images.shape.slice(1) as [number, number];
  const { patchSize } = network.config;
  const patches = T - network.prefixTokens;
  const ofClass = tf.slice(all, [0, 0, 0, network.prefixTokens], [B, heads, 1, patches]);
  return ofClass.reshape([B, heads, H / patchSize, W / patchSize]);
}
