import { afterEach, describe, expect, it } from 'vitest';
import { disposeMembers } from '../nn/module.ts';
import type { Backbone } from './backbone.ts';
import { backbone, backboneByFullName } from './registry.ts';

const made: Backbone[] = [];
afterEach(() => {
  for (const net of made.splice(0)) disposeMembers(net.members);
});

function kept<B extends Backbone>(net: B): B {
  made.push(net);
  return net;
}

describe('backbone', () => {
  it('takes the options of its family only', () => {
    const told = (name: string, options: object): unknown => backbone(name, options);
    expect(() => told('vit_mini_patch4_32', { stem: 'cifar' })).toThrow(
      /vit_mini_patch4_32 is a vision transformer and takes .*imgSize.*; got stem/,
    );
    expect(() => told('resnet18', { patchSize: 4 })).toThrow(
      /resnet18 is a ResNet and takes .*; got patchSize; leave it out/,
    );
    expect(() => told('convnext_atto', { dropPth: 0.1 })).toThrow(
      /is a ConvNeXt .*got dropPth; did you mean 'dropPath'\?/,
    );
    expect(() => told('vit_mini_patch4', {})).toThrow(/did you mean 'vit_mini_patch4_32'\?/);
  });

  it('takes undefined for an option that is not given', () => {
    expect(kept(backbone('vit_mini_patch4_32', { stem: undefined, pool: undefined } as object)).name).toBe(
      'vit_mini_patch4_32',
    );
  });
});

describe('backboneByFullName', () => {
  it('builds what was called so', () => {
    const vit = kept(
      backbone('vit_mini_patch4_32', {
        ...{ imgSize: 48, patchSize: 8, classToken: true, registers: 2, pool: 'avg', fcNorm: true, embedPrefix: false },
        ...{ positions: 'fixed', interpolation: 'dino', layerScale: 0.1, inChannels: 1 },
      }),
    );
    const others = [
      kept(backbone('resnet18', { stem: 'cifar', widthMultiplier: 0.5 })),
      kept(backbone('convnext_atto', { patchSize: 1 })),
      kept(backbone('vit_mini_patch4_32', { classToken: false })),
    ];
    for (const net of [vit, ...others]) {
      const again = kept(backboneByFullName(net.name, { inChannels: net.inChannels }));
      expect([again.name, again.inChannels, again.outDim]).toEqual([net.name, net.inChannels, net.outDim]);
    }
    expect((kept(backboneByFullName(vit.name)) as typeof vit).config).toMatchObject({
      ...{ imgSize: 48, patchSize: 8, registers: 2, pool: 'avg', fcNorm: true, embedPrefix: false },
      ...{ positions: 'fixed', interpolation: 'dino' },
    });
  });

  it('says when a name is not enough', () => {
    expect(() => backboneByFullName('tiny')).toThrow(/must be one of/);
    expect(() => backboneByFullName('resnet18.reg4')).toThrow(/must say how to build it; got 'resnet18.reg4'/);
  });
});
