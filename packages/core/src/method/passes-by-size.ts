import { type Tensor, tf } from '../tensor/tf.ts';

/**
 * Multi-crop's passes: neighbouring views of one size go through a network together, so that there is one pass for each size and batch norm
 * sees all views of it (arXiv:2006.09882; facebookresearch/swav `src/resnet50.py`, `forward`).
 * @param views each `[B, h, w, C]`
 * @param forward `[N, h, w, C]` → `[N, …]`, row by row but for the norms
 * @returns what `forward` gives for each view, `[B, …]`, in the order of the views
 */
export function passesBySize(views: readonly Tensor[], forward: (images: Tensor) => Tensor): Tensor[] {
  const groups: Tensor[][] = [];
  for (const view of views) {
    const last = groups.at(-1);
    if (last?.[0]?.shape.join() === view.shape.join()) last!.push(view);
    else groups.push([view]);
  }
  return groups.flatMap(group =>
    group.length === 1 ? [forward(group[0]!)] : tf.split(forward(tf.concat(group)), group.length),
  );
}
