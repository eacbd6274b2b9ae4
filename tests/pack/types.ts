// What a user's editor knows about the packed packages. Compiled where they are installed, never run.
import { backbone, type Method, type Tensor, tf } from '@ssl/core';
import { adamw } from '@ssl/core/optim';
import { simclr } from '@ssl/simclr';

export const method: Method = simclr({ backbone: backbone('resnet18'), temperature: 0.5 });
export const features: Tensor = method.embed(tf.ones([2, 32, 32, 3]));
export const rank: number = features.shape.length;
export const optimizer: ReturnType<typeof adamw> = adamw();

// @ts-expect-error: a tensor is not a string, nor anything one likes
export const wrong: string = features;
// @ts-expect-error: there is no such op
export const unknown: unknown = tf.onez([2]);
// @ts-expect-error: there is no such setting
export const misspelt: Method = simclr({ backbone: backbone('resnet18'), temprature: 0.5 });
