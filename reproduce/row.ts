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

export interface ReproduceRow {
  /** For the command line and the run's folder: `moco-v2`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** Learns from labels: below the line in the table. */
  readonly supervised?: boolean;
  /** What differs from the protocol's recipe, chosen on designers held out of train; all of it, where the protocol has none. */
  readonly recipe?: Partial<Recipe>;
  /** The method's own views, where the protocol has none. */
  readonly views?: (options: { readonly size: number; readonly channels: number }) => ViewPlan;
  readonly make: (given: Given) => Method;
}
