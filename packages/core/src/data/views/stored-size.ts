import type { ViewPlan } from './plan.ts';

/** Side at which pictures are kept for a plan: that of the largest view; from 64 pixels a seventh larger (256 for 224), since crops show parts. */
export function storedSize(plan: ViewPlan): number {
  const size = Math.max(...plan.map(view => view.size));
  return size < 64 ? size : Math.round((size * 8) / 7);
}
