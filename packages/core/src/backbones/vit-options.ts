/** What a vision transformer can be told, and checks of it before anything is built. */
import { ConfigError } from '../errors.ts';
import type { TransformerInit } from '../nn/transformer.ts';

export interface VitShape {
  /** Width D of the tokens. */
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly patchSize: number;
  readonly imgSize: number;
}

export interface VitOptions {
  /** Side of the pictures that the position embeddings are for; other sizes interpolate them. Default: what the name says. */
  readonly imgSize?: number;
  /** Side of a patch. Default: what the name says. */
  readonly patchSize?: number;
  /** The features: the class token's, or the mean over the patches'. Default `token`, or `avg` without a class token. */
  readonly pool?: 'token' | 'avg';
  /** With `avg`: normalise after the mean and not before, as timm's `global_pool='avg'` does; `tokens` are then not normalised. Default false. */
  readonly fcNorm?: boolean;
  /** Default true. */
  readonly classToken?: boolean;
  /** Tokens besides (arXiv:2309.16588). Default 0. */
  readonly registers?: number;
  /** Class token and registers have position embeddings too, as in timm; false is its `no_embed_class`. Default true. */
  readonly embedPrefix?: boolean;
  /** `fixed`: sines and cosines that are not trained (MAE, I-JEPA), 0 for the class token. Default `learned`. */
  readonly positions?: 'learned' | 'fixed';
  /** How positions reach another grid, bicubic either way: blurred first as in timm, or as in official DINO. Default `timm`. */
  readonly interpolation?: 'timm' | 'dino';
  /** Probability that the last block leaves out a branch for an image in training; grows from 0 at the first. Default 0. */
  readonly dropPath?: number;
  /** First scale of what each branch adds. Default: no such scales. */
  readonly layerScale?: number;
  /** How linear layers start: `normal` (timm, DINO, I-JEPA) or `xavier` (MAE, its patch embedding and class token too). Default `normal`. */
  readonly init?: TransformerInit;
  /** I-JEPA's smaller first weights in deep blocks. Default false. */
  readonly scaledInit?: boolean;
  /** Default 3. */
  readonly inChannels?: number;
  /** Of the initial weights. Default 0. */
  readonly seed?: number;
  /** Each block runs a second time in the backward pass, so that its activations are not kept: less memory, a third more time, the same results. Default false. */
  readonly gradCheckpointing?: boolean;
}

/** All settled. */
export interface VitConfig extends VitShape, Required<Omit<VitOptions, 'layerScale'>> {
  readonly layerScale: number | undefined;
  /** Rows and columns of patches. */
  readonly grid: readonly [rows: number, columns: number];
  /** Tokens before those of the patches: class token and registers. */
  readonly prefixTokens: number;
}

/** @throws ConfigError for settings that make no network. */
export function vitConfig(name: string, shape: VitShape, options: VitOptions): VitConfig {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as VitOptions;
  const { classToken = true, registers = 0 } = given;
  const config = {
    ...shape,
    pool: classToken ? ('token' as const) : ('avg' as const),
    fcNorm: false,
    embedPrefix: true,
    positions: 'learned' as const,
    interpolation: 'timm' as const,
    dropPath: 0,
    layerScale: undefined,
    init: 'normal' as const,
    scaledInit: false,
    inChannels: 3,
    seed: 0,
    gradCheckpointing: false,
    ...given,
    classToken,
    registers,
  };
  checkConfig(name, config);
  const side = config.imgSize / config.patchSize;
  return { ...config, grid: [side, side], prefixTokens: registers + (classToken ? 1 : 0) };
}

const CHOICES = {
  pool: ['token', 'avg'],
  positions: ['learned', 'fixed'],
  interpolation: ['timm', 'dino'],
  init: ['normal', 'xavier'],
} as const;

function checkConfig(name: string, config: Omit<VitConfig, 'grid' | 'prefixTokens'>): void {
  const fail = (rule: string, got: unknown, what: string): never => {
    throw new ConfigError(`${name}: ${rule}; got ${got}; ${what}`);
  };
  for (const [option, allowed] of Object.entries(CHOICES)) {
    const value = config[option as keyof typeof CHOICES];
    if (!(allowed as readonly string[]).includes(value))
      fail(`${option} must be ${allowed.join(' or ')}`, `'${value}'`, 'choose one');
  }
  for (const option of ['imgSize', 'patchSize', 'inChannels', 'dim', 'depth', 'heads'] as const) {
    if (!(Number.isInteger(config[option]) && config[option] > 0))
      fail(`${option} must be a whole number of at least 1`, config[option], 'change it');
  }
  const { imgSize, patchSize, pool, classToken, fcNorm, registers, positions, dim } = config;
  if (imgSize % patchSize !== 0)
    fail(
      'patchSize must divide imgSize',
      `patches of ${patchSize} and pictures of ${imgSize}`,
      `take a picture size that is a multiple of ${patchSize}, or another patch size`,
    );
  if (!(Number.isInteger(registers) && registers >= 0))
    fail('registers must be a whole number', registers, 'change it');
  if (pool === 'token' && !classToken) fail("pool 'token' needs the class token", 'classToken false', "use pool 'avg'");
  if (fcNorm && pool !== 'avg') fail("fcNorm is for pool 'avg'", `pool '${pool}'`, 'leave it out');
  if (positions === 'fixed' && dim % 4 !== 0)
    fail("dim must be a multiple of 4 for positions 'fixed'", dim, "use 'learned'");
}

/** What a checkpoint must agree on besides the name. */
export function vitSuffix(shape: VitShape, config: VitConfig): string {
  const usualPool = config.classToken ? 'token' : 'avg';
  const parts = [
    config.imgSize !== shape.imgSize && `img${config.imgSize}`,
    config.patchSize !== shape.patchSize && `patch${config.patchSize}`,
    !config.classToken && 'nocls',
    config.registers > 0 && `reg${config.registers}`,
    !config.embedPrefix && 'noembed',
    config.pool !== usualPool && config.pool,
    config.fcNorm && 'fcnorm',
    config.positions !== 'learned' && config.positions,
    config.interpolation !== 'timm' && config.interpolation,
    config.layerScale !== undefined && 'ls',
  ];
  return parts
    .filter(part => part !== false)
    .map(part => `.${part}`)
    .join('');
}
