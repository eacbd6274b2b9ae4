import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { disposeMembers } from '../nn/module.ts';
import type { Backbone } from './backbone.ts';
import { type ConvNextOptions, convNext } from './convnext.ts';
import { type ResNetOptions, resnet } from './resnet.ts';
import { CONVNEXTS, RESNETS, VITS } from './shapes.ts';
import { type VisionTransformer, visionTransformer } from './vit.ts';
import type { VitOptions } from './vit-options.ts';

type AnyOptions = ResNetOptions & VitOptions & ConvNextOptions;

interface Family {
  /** What its networks are called in messages. */
  readonly title: string;
  readonly names: readonly string[];
  /** The options that it takes. */
  readonly options: readonly string[];
  build(name: string, options: AnyOptions): Backbone;
  /** A part of a built network's name after its own, as options: `.cifar`, `.reg4`. */
  readonly parts: readonly (readonly [pattern: RegExp, options: (number: number) => AnyOptions])[];
}

/** The keys, all of them: a type that gains one must be told here. */
const keysOf = <T>(keys: Readonly<Record<keyof T, true>>): string[] => Object.keys(keys);
const SHARED = { inChannels: true, seed: true, gradCheckpointing: true } as const;

const FAMILIES: readonly Family[] = [
  {
    title: 'a ResNet',
    names: Object.keys(RESNETS),
    options: keysOf<ResNetOptions>({ ...SHARED, stem: true, widthMultiplier: true, zeroInitLast: true }),
    build: (name, options) => resnet(name, RESNETS[name]!, options),
    parts: [
      [/^cifar$/, () => ({ stem: 'cifar' })],
      [/^x([\d.]+)$/, widthMultiplier => ({ widthMultiplier })],
    ],
  },
  {
    title: 'a vision transformer',
    names: Object.keys(VITS),
    options: keysOf<VitOptions>({
      ...SHARED,
      ...{ imgSize: true, patchSize: true, pool: true, fcNorm: true, classToken: true, registers: true },
      ...{ embedPrefix: true, positions: true, interpolation: true, dropPath: true, layerScale: true },
      ...{ init: true, scaledInit: true },
    }),
    build: (name, options) => visionTransformer(name, VITS[name]!, options),
    parts: [
      [/^img(\d+)$/, imgSize => ({ imgSize })],
      [/^patch(\d+)$/, patchSize => ({ patchSize })],
      [/^nocls$/, () => ({ classToken: false })],
      [/^reg(\d+)$/, registers => ({ registers })],
      [/^noembed$/, () => ({ embedPrefix: false })],
      [/^avg$/, () => ({ pool: 'avg' })],
      [/^fcnorm$/, () => ({ fcNorm: true })],
      [/^fixed$/, () => ({ positions: 'fixed' })],
      [/^dino$/, () => ({ interpolation: 'dino' })],
      [/^ls$/, () => ({ layerScale: 1 })],
    ],
  },
  {
    title: 'a ConvNeXt',
    names: Object.keys(CONVNEXTS),
    options: keysOf<ConvNextOptions>({ ...SHARED, patchSize: true, dropPath: true, layerScale: true }),
    build: (name, options) => convNext(name, CONVNEXTS[name]!, options),
    parts: [[/^patch(\d+)$/, patchSize => ({ patchSize })]],
  },
];

/** The names that `backbone` takes. */
export const backboneNames: readonly string[] = FAMILIES.flatMap(({ names }) => names);

/** What `backbone` takes and gives for a name. */
export type BackboneOptions<Name extends string = string> = Name extends `vit_${string}`
  ? VitOptions
  : Name extends `convnext_${string}`
    ? ConvNextOptions
    : string extends Name
      ? AnyOptions
      : ResNetOptions;
export type NamedBackbone<Name extends string> = Name extends `vit_${string}` ? VisionTransformer : Backbone;

/** A backbone by timm's name. Throws `ConfigError` naming the nearest known one, and for an option that its family does not have. */
export function backbone<const Name extends string>(name: Name, options?: BackboneOptions<Name>): NamedBackbone<Name> {
  const family = familyOf(name);
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  for (const [option] of given) {
    if (family.options.includes(option)) continue;
    throw new ConfigError(
      `backbone: ${name} is ${family.title} and takes ${family.options.join(', ')}; got ${option}; ${didYouMean(option, family.options) || 'leave it out'}`,
    );
  }
  return family.build(name, Object.fromEntries(given)) as NamedBackbone<Name>;
}

/**
 * The network that was called `fullName`, as a run's `config.json` and the label of its weights have it: `resnet18.cifar`,
 * `vit_tiny_patch16_224.img32.patch4`. Its weights are those of a new one.
 * @throws ConfigError where the name does not say how to build it: a network that was put together in a program
 */
export function backboneByFullName(
  fullName: string,
  { inChannels = 3 }: Pick<AnyOptions, 'inChannels'> = {},
): Backbone {
  const [name, ...parts] = fullName.split(/\.(?=[a-z])/);
  const options: AnyOptions[] = parts.map(part => {
    for (const [pattern, change] of familyOf(name!).parts) {
      const found = pattern.exec(part);
      if (found) return change(Number(found[1]));
    }
    return {};
  });
  const built = familyOf(name!).build(name!, Object.assign({ inChannels }, ...options) as AnyOptions);
  if (built.name === fullName) return built;
  disposeMembers(built.members);
  throw new ConfigError(
    `backbone: the full name of a network must say how to build it; got '${fullName}'; build it in a program`,
  );
}

function familyOf(name: string): Family {
  const found = FAMILIES.find(({ names }) => names.includes(name));
  if (found) return found;
  throw new ConfigError(
    `backbone: must be one of ${backboneNames.join(', ')}; got '${name}'; ${didYouMean(name, backboneNames)}`,
  );
}
