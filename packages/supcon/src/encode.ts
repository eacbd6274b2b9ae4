import { type Backbone, type Encoded, type Tensor, tf } from '@ssl/core';

/**
 * Features and what `head` makes of them for each view, `features0`, `rows0` and so on. Views of one size that follow each other go through
 * the network in one pass, so that batch norm sees them together (main_supcon.py, train).
 */
export function encodeViews(views: readonly Tensor[], backbone: Backbone, head: (features: Tensor) => Tensor): Encoded {
  const pairs = bySize(views).flatMap(group => {
    const features = backbone(group.length === 1 ? group[0]! : tf.concat([...group])); // [v·B, D]
    const parts = [features, head(features)].map(x => (group.length === 1 ? [x] : tf.split(x, group.length)));
    return group.map((_, i) => [parts[0]![i]!, parts[1]![i]!] as const);
  });
  return Object.fromEntries(
    pairs.flatMap(([features, rows], i) => [
      [`features${i}`, features],
      [`rows${i}`, rows],
    ]),
  );
}

function bySize(views: readonly Tensor[]): Tensor[][] {
  const groups: Tensor[][] = [];
  for (const view of views) {
    const last = groups.at(-1);
    if (last && last[0]!.shape.join() === view.shape.join()) last.push(view);
    else groups.push([view]);
  }
  return groups;
}

/** All views of one kind of what `encodeViews` gave, one after the other: `[V·B, …]`. */
export function stacked(encoded: Encoded, kind: 'features' | 'rows'): Tensor {
  const count = Object.keys(encoded).length / 2;
  return tf.concat(Array.from({ length: count }, (_, i) => encoded[`${kind}${i}`]!));
}
