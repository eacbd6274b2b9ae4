import { stepContext, type Tensor, type Variable } from '@ssl/core';

/**
 * Moves the centre towards the mean of the teacher's outputs over the images of all ranks (arXiv:2104.14294 eq. 4; main_dino.py,
 * `update_center`), in place.
 * @param center `[K]`
 * @param outputs of this rank, `[N, K]`
 * @param momentum share of its old value that the centre keeps, in [0, 1]
 */
export function moveCenter(center: Variable, outputs: Tensor, momentum: number): void {
  const { world } = stepContext();
  const mean = world.sum(outputs.sum(0)).div(outputs.shape[0]! * world.size); // [K]
  center.assign(
    center
      .read()
      .mul(momentum)
      .add(mean.mul(1 - momentum)),
  );
}
