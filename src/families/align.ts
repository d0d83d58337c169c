/** One weight under two layouts: fused against split, stacked experts against single ones. Both get one key. */
import type { Family } from './family.ts';
import { normalizeName } from './names.ts';
import { FAMILIES } from './registry.ts';
import { isFusedName } from './split.ts';

const SEGMENTS: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap(({ segments }) => Object.entries(segments ?? {})),
);
const EXPERT_LEAVES: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap(({ expertLeaves }) => Object.entries(expertLeaves ?? {})),
);

/**
 * A key that a matrix shares with the same one saved in another layout: "layers.0.mlp.experts.7.gate_proj". `marks`: what its name has
 * after the tensor's, "#q", "#7#gate".
 */
export function layoutKey(tensor: string, marks: readonly string[], family: Family | null): string {
  let parts = normalizeName(tensor).split('.');
  const suffix = parts.at(-1) === 'bias' ? ['bias'] : [];
  if (parts.length > 1 && (parts.at(-1) === 'weight' || parts.at(-1) === 'bias')) parts.pop();
  const fused = isFusedName(parts.join('.'));
  parts = renamed(parts, family).map((part) => SEGMENTS.get(part) ?? part);
  const part = marks.find((mark) => !/^\d+$/.test(mark));
  const expert = marks.find((mark) => /^\d+$/.test(mark));
  const leaf = parts.at(-1) ?? '';
  if (part !== undefined && fused) parts[parts.length - 1] = `${part}_proj`;
  const at = parts.lastIndexOf('experts');
  if (expert !== undefined && at >= 0) parts.splice(at + 1, 0, expert);
  const plain = EXPERT_LEAVES.get(leaf);
  if (plain !== undefined && at >= 0) parts[parts.length - 1] = plain;
  return [...parts, ...suffix].join('.');
}

function renamed(parts: string[], family: Family | null): string[] {
  for (const length of [2, 1]) {
    const to = family?.renames?.[parts.slice(-length).join('.')];
    if (to !== undefined) return [...parts.slice(0, -length), ...to.split('.')];
  }
  return parts;
}
