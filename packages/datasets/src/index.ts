export { type IconDataset, type IconSplit, icons42, icons100 } from './icons.ts';
export type { IconManifest } from './manifest.ts';
export { datasets } from './package.ts';
