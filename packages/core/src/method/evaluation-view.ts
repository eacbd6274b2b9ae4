import { resize, type ViewPlan, views } from '../data/index.ts';

/**
 * The plan under which features are taken: the whole picture at the size of the plan's first view, prepared as that is,
 * nothing drawn.
 */
export function evaluationPlan(plan: ViewPlan): ViewPlan {
  const { size, normalize } = plan[0]!;
  return views([{ count: 1, size, ops: [resize()], ...(normalize && { normalize }) }]);
}
