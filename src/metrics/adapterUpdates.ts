/** An adapter by itself: the energy of its update, and which layers and modules hold it. */
import type { AdapterUpdate, AdapterUpdates } from '../protocol/results.ts';

const depthOf = ({ layer }: AdapterUpdate): number => layer ?? Number.MAX_SAFE_INTEGER;
const energyOf = ({ spectrum }: AdapterUpdate): number => (spectrum?.frobeniusNorm ?? 0) ** 2;

/** Shares of sum norm_F(D)^2 (METRICS, model-level figures), over the updates whose D is known; null each if there is none at all. */
export function adapterUpdates(found: readonly AdapterUpdate[], singularValues: boolean): AdapterUpdates {
  // They come as they are computed.
  const updates = [...found].sort((a, b) => depthOf(a) - depthOf(b) || a.name.localeCompare(b.name, 'en'));
  const known = updates.filter(({ spectrum }) => spectrum?.frobeniusNorm != null);
  const total = known.reduce((sum, update) => sum + energyOf(update), 0);
  const share = (energy: number): number | null => (total > 0 ? energy / total : null);
  const grouped = <K>(groupOf: (update: AdapterUpdate) => K): Map<K, { energy: number; matrices: number }> => {
    const groups = new Map<K, { energy: number; matrices: number }>();
    for (const update of known) {
      const { energy = 0, matrices = 0 } = groups.get(groupOf(update)) ?? {};
      groups.set(groupOf(update), { energy: energy + energyOf(update), matrices: matrices + 1 });
    }
    return groups;
  };
  return {
    updateNorm: known.length === 0 ? null : Math.sqrt(total),
    unknown: updates.length - known.length,
    matrices: updates.map(({ singularValues: values, ...update }) => ({
      ...update,
      updateShare: known.length > 0 && update.spectrum ? share(energyOf({ ...update, singularValues: values })) : null,
      ...(singularValues ? { singularValues: values } : {}),
    })),
    layers: [...grouped(({ layer }) => layer)].map(([layer, { energy }]) => ({ layer, updateShare: share(energy) })),
    modules: [...grouped(({ module }) => module)].map(([module, { energy, matrices }]) => ({
      module,
      updateShare: share(energy),
      matrices,
    })),
  };
}
