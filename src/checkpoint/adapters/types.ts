/** What is known of an adapter before anything of it is read. Apart from what reads it: a checkpoint has one, and weights are read of a checkpoint. */
import type { AdapterFacts } from '../../protocol/adapter.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { ScaleOptions } from './scale.ts';

/** One module that an adapter changes. */
export interface AdapterModule extends ScaleOptions {
  /** what its update is multiplied by; null if it is not known */
  scale: number | null;
}

export interface Adapter {
  facts: AdapterFacts;
  /** by the module's normalized name */
  modules: ReadonlyMap<string, AdapterModule>;
  /** whole weights that it brings: modules_to_save, biases; none of an unmerged model, whose weights are its own */
  whole: readonly TensorRow[];
  /** why no update is read from it at all; null if it is */
  refused: string | null;
}
