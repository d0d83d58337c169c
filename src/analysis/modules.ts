/** The tensors of a checkpoint by module: a model of 35,743 tensors has a few dozen of them. One look at each tensor. */
import { matchesGlob, type Checkpoint } from '../checkpoint/index.ts';
import type { ModuleGroup, ModuleList, TensorRow } from '../protocol/engine.ts';

/** Tensors of one module, type and shape together, in file order; at most `most` of the groups, and how many there are. */
export function modulesOf(checkpoint: Checkpoint, glob: string | null, most: number): ModuleList {
  const groups = new Map<string, { first: TensorRow; tensors: number; layers: Set<number> }>();
  for (const row of checkpoint.tensors.values()) {
    if (glob !== null && !matchesGlob(glob, row.name)) continue;
    const key = JSON.stringify([row.module, row.missing, row.dtype, row.shape]);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { first: row, tensors: 0, layers: new Set() }));
    group.tensors++;
    if (row.layer !== null) group.layers.add(row.layer);
  }
  const listed: ModuleGroup[] = [];
  for (const { first, tensors, layers } of groups.values()) {
    if (listed.length >= most) break;
    const { module, missing, dtype, shape, role } = first;
    listed.push({ module, missing, dtype, shape, role, tensors, layers: [...layers].sort((a, b) => a - b) });
  }
  return { groups: listed, total: groups.size };
}
