/** What changes over a run, on the host. */
import type { Method, ScheduleTime } from '@ssl/core';
import { cosine } from '@ssl/core/optim';
import type { DINOConfig } from './config.ts';

export function schedulesOf(config: DINOConfig): NonNullable<Method['schedules']> {
  const momentum = cosine(config.momentum, 1);
  return {
    momentum: ({ step, steps }) => momentum(step, steps),
    teacherTemperature: ({ step, stepsPerEpoch }: ScheduleTime) =>
      teacherTemperature(config, Math.floor(step / stepsPerEpoch)),
  };
}

/** A straight line over the epochs of the warm-up, the last of which has reached its end (main_dino.py, `teacher_temp_schedule`). @param epoch from 0 */
function teacherTemperature(config: DINOConfig, epoch: number): number {
  const { warmupTeacherTemperature: from, teacherTemperature: to, warmupTeacherTemperatureEpochs: epochs } = config;
  if (epoch >= epochs) return to;
  return epochs === 1 ? from : from + ((to - from) * epoch) / (epochs - 1);
}
