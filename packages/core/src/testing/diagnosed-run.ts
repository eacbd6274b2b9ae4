/** Short trainings that provoke what a method's signatures tell. */
import {
  arrayDataset,
  colorJitter,
  type Dataset,
  horizontalFlip,
  randomResizedCrop,
  type ViewPlan,
  views,
} from '../data/index.ts';
import type { Diagnosis, Method, Recipe } from '../method/index.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { pretrain } from '../train/index.ts';
import { inFolder, KIT_SIDE } from './method-kit.ts';

const SHORT = { learningRate: 0.05, scaling: 'none', batchSize: 16, warmupEpochs: 0 } as const;
const WAVES = 128;

/** What a run of the method is said to suffer from. @param recipe on top of a rate of 0.05, batches of 16 and no warm-up; `epochs` should be given */
export async function diagnosesOf(
  method: Method,
  data: Dataset,
  recipe: Partial<Recipe>,
): Promise<readonly Diagnosis[]> {
  return inFolder(async folder => {
    const quiet = { onProgress: (): void => {}, onDiagnosis: (): void => {}, checkpointEvery: 1_000_000 };
    const run = await pretrain({ method, data, out: `${folder}/run`, recipe: { ...SHORT, ...recipe }, ...quiet });
    return run.diagnoses;
  });
}

/** 128 pictures of 8 x 8, waves of two colours: direction, length and colours differ from picture to picture. */
export function kitWaves(): Dataset {
  const seed = normal(rngFromSeed(4), [WAVES, 9]).arraySync() as number[][];
  const data = Uint8Array.from({ length: WAVES * KIT_SIDE ** 2 * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % KIT_SIDE, Math.floor(i / (3 * KIT_SIDE)) % KIT_SIDE];
    const [a, b, phase, ...colours] = seed[Math.floor(i / (3 * KIT_SIDE ** 2))]! as [number, number, number];
    const wave = Math.sin(a * x + b * y + 3 * phase);
    return Math.max(0, Math.min(255, 128 + 50 * (colours[channel]! + wave * colours[channel + 3]!)));
  });
  return arrayDataset({ name: 'waves', data, width: KIT_SIDE, height: KIT_SIDE, channels: 3 });
}

/** Two views of the waves that still have much in common. */
export const kitViews: ViewPlan = views([
  {
    count: 2,
    size: KIT_SIDE,
    ops: [randomResizedCrop({ scale: [0.5, 1] }), horizontalFlip(), colorJitter({ brightness: 0.3, p: 0.8 })],
  },
]);
