/** What a method's example says for the results table: `examples/<method>/reproduce.ts` exports `rows`. */
import type { Backbone, Method, Recipe, ViewPlan } from '@ssl/core';

/** What the protocol gives to every method alike. */
export interface Given {
  readonly backbone: Backbone;
  /** Two views of one recipe. */
  readonly views: ViewPlan;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Classes of the labels, for methods that use them. */
  readonly classes: number;
  /** Training images. */
  readonly images: number;
}

/** A network that some methods have in place of the protocol's. */
export interface OwnBackbone {
  /** For the command line: `vit`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly make: (options: { readonly seed: number; readonly channels: number }) => Backbone;
}

export interface ReproduceRow {
  /** For the command line and the run's folder: `moco-v2`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** Learns from labels: below the line in the table. */
  readonly supervised?: boolean;
  /** What differs from the protocol's recipe, chosen on designers held out of train; all of it, where the protocol has none. */
  readonly recipe?: Partial<Recipe>;
  /** The method's own views, where the protocol has none, or with `ownViews`. */
  readonly views?: (options: { readonly size: number; readonly channels: number }) => ViewPlan;
  /** The network, where the method needs one of another kind than the protocol's; a random one of it is a row of its own then, `random-<name>`. */
  readonly backbone?: OwnBackbone;
  /** Two views of one recipe are not what the method takes: it has its own in every protocol. */
  readonly ownViews?: boolean;
  readonly make: (given: Given) => Method;
}
