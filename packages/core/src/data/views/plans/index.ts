/** Ready plans by name: functions that give plain data, each with the source of its numbers. */
import { byol } from './byol.ts';
import { byolCifar, simclrCifar, swavCifar } from './cifar.ts';
import { evaluation, linearTraining } from './evaluation.ts';
import { beit, ijepa, mae } from './masked.ts';
import { mocoV1, mocoV2 } from './moco.ts';
import { dino, swav } from './multi-crop.ts';
import { jigsaw, pirl, pirlPatches, rotnet } from './pretext.ts';
import { simclr } from './simclr.ts';

export const plans: {
  readonly simclr: typeof simclr;
  readonly mocoV1: typeof mocoV1;
  readonly mocoV2: typeof mocoV2;
  readonly byol: typeof byol;
  readonly swav: typeof swav;
  readonly dino: typeof dino;
  readonly pirl: typeof pirl;
  readonly pirlPatches: typeof pirlPatches;
  readonly jigsaw: typeof jigsaw;
  readonly rotnet: typeof rotnet;
  readonly mae: typeof mae;
  readonly ijepa: typeof ijepa;
  readonly beit: typeof beit;
  readonly simclrCifar: typeof simclrCifar;
  readonly byolCifar: typeof byolCifar;
  readonly swavCifar: typeof swavCifar;
  readonly linearTraining: typeof linearTraining;
  readonly evaluation: typeof evaluation;
} = {
  simclr,
  mocoV1,
  mocoV2,
  byol,
  swav,
  dino,
  pirl,
  pirlPatches,
  jigsaw,
  rotnet,
  mae,
  ijepa,
  beit,
  simclrCifar,
  byolCifar,
  swavCifar,
  linearTraining,
  evaluation,
};
