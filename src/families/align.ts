/** One weight under two layouts: fused against split, stacked experts against single ones. Both get one key. */
import type { Family } from './family.ts';
import { normalizeName } from './names.ts';
import { FAMILIES } from './registry.ts';

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
  let suffix = parts.at(-1) === 'bias' ? ['bias'] : [];
  if (parts.length > 1 && (parts.at(-1) === 'weight' || parts.at(-1) === 'bias')) parts.pop();
  parts = numberFirst(renamed(parts, family)).map((part) => SEGMENTS.get(part) ?? part);
  const part = marks.find((mark) => !/^\d+$/.test(mark));
  const expert = marks.find((mark) => /^\d+$/.test(mark));
  if (expert !== undefined && !parts.includes('experts')) parts.splice(-1, 0, 'experts');
  const at = parts.lastIndexOf('experts');
  const ofBias = at >= 0 ? /^(.+)_bias$/.exec(parts.at(-1) ?? '')?.[1] : undefined;
  if (ofBias !== undefined) {
    parts[parts.length - 1] = ofBias;
    suffix = ['bias'];
  }
  const leaf = parts.at(-1) ?? '';
  if (part !== undefined) parts[parts.length - 1] = `${part}_proj`;
  if (expert !== undefined && at >= 0) parts.splice(at + 1, 0, expert);
  const plain = EXPERT_LEAVES.get(leaf);
  if (plain !== undefined && at >= 0) parts[parts.length - 1] = plain;
  return [...parts, ...suffix].join('.');
}

/** "experts.down_projs.7" as "experts.7.down_projs" */
function numberFirst(parts: string[]): string[] {
  const at = parts.lastIndexOf('experts');
  const number = at < 0 ? -1 : parts.findIndex((part, i) => i > at && /^\d+$/.test(part));
  if (number <= at + 1) return parts;
  const rest = parts.filter((_, i) => i !== number);
  rest.splice(at + 1, 0, parts[number] as string);
  return rest;
}

function renamed(parts: string[], family: Family | null): string[] {
  for (const length of [2, 1]) {
    const to = family?.renames?.[parts.slice(-length).join('.')];
    if (to !== undefined) return [...parts.slice(0, -length), ...to.split('.')];
  }
  return parts;
}
