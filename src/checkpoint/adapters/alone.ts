/** The updates of an adapter without its base: D is known without W0 where it is a product of two thin factors (METRICS F). */
import { describeName, expertOf, isExpertStack } from '../../families/index.ts';
import type { Checkpoint } from '../types.ts';
import type { AdapterModule } from './adapter.ts';
import { InitialFactors, initialisationOf } from './initial.ts';
import { isTargetOf, rankOf } from './scale.ts';
import { moduleUpdate, type ModuleUpdate } from './updates.ts';

/** What an adapter does to one weight. */
export interface AloneUpdate {
  /** of the weight, by the adapter's name for its module */
  name: string;
  layer: number | null;
  module: string;
  /** [out, in]; a side that only the base tells is null */
  shape: [out: number | null, inside: number | null];
  rank: number | null;
  scale: number | null;
  /** the factors, by their names in the file */
  tensors: string[];
  /** D = scale left right, or the reason why D is not known without the base. Throws bad-file, read-failed, cancelled. */
  thin: NonNullable<ModuleUpdate['thin']> | string;
}

/** [] of a checkpoint that is not an adapter and has none in it. */
export function updatesAlone(checkpoint: Checkpoint): AloneUpdate[] {
  const { adapter } = checkpoint;
  if (!adapter) return [];
  const kept = new InitialFactors();
  return [...adapter.modules].map(([name, module]) => {
    const { layer, module: place } = describeName(`${name}.weight`);
    const isStack = isTargetOf(module.settings, module.module) || (expertOf(name) === null && isExpertStack(place));
    const update = isStack ? OF_STACK : moduleUpdate(checkpoint, module, kept);
    const reason = adapter.refused ?? (typeof update === 'string' ? update : null);
    const [out, inside] = typeof update === 'string' ? [null, null] : [update.out, update.in];
    return {
      name: `${name}.weight`,
      layer,
      module: place,
      shape: [out, inside],
      rank: rankOf(module.parts),
      scale: module.scale,
      tensors: [...module.parts.values()].map((row) => row.name),
      thin: reason ?? (typeof update === 'string' ? null : update.thin) ?? dependsOnBase(module),
    };
  });
}

const OF_STACK =
  'its factors are those of a stack of experts, and how they divide is told by the base: compare the base with the adapter';

function dependsOnBase({ kind, settings }: AdapterModule): string {
  const word = settings?.initialisation ?? 'true';
  return initialisationOf(word) === null
    ? `an update of this kind (${kind}) depends on the weight that it changes, or is no product of thin factors: compare the base with the adapter`
    : `its initialisation (${word}) took factors out of the base: compare the base with the adapter`;
}
