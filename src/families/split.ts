/** How fused matrices and stacks of experts split into the matrices that a model computes with. */
import type { ModelConfig } from '../protocol/engine.ts';
import { stageOf } from './columns.ts';
import type { Family, Fusion } from './family.ts';
import { FAMILIES } from './registry.ts';
import { isTower } from './vision.ts';

/** Rows of a part of a fused matrix: `count` from `first` on, `step` apart; with `block` runs of `size` rows every `every` rows. */
export interface RowPart {
  suffix: string;
  first: number;
  count: number;
  step: number;
  block?: { size: number; every: number };
}
type Heads = Pick<ModelConfig, 'attentionHeads' | 'keyValueHeads' | 'headDim' | 'vision'> &
  Partial<Pick<ModelConfig, 'hiddenSize'>>;

/** What an ending means if the model's own family says nothing of it: as the first that has it. Rows that alternate are one family's own. */
const ANY: ReadonlyMap<string, Fusion> = new Map(
  [...FAMILIES]
    .reverse()
    .flatMap(({ fused }) => Object.entries(fused ?? {}))
    .filter(([, fusion]) => fusion !== 'gate-up-alternating'),
);

/** How a module is fused, or null; `known`: the model's own family says so. */
export function fusionOf(module: string, family: Family | null): { fusion: Fusion; known: boolean } | null {
  for (const end of lastParts(module)) {
    const own = family?.fused && Object.hasOwn(family.fused, end) ? family.fused[end] : undefined;
    if (own) return { fusion: own, known: true };
    const any = ANY.get(end);
    if (any) return { fusion: any, known: false };
  }
  return null;
}

/** Does a module's end name a fused tensor in any family? */
export function isFusedName(module: string): boolean {
  return lastParts(module).some((end) => ANY.has(end));
}

/** The last two parts of a module's path, and the last one. */
function lastParts(module: string): [string, string] {
  const dot = module.lastIndexOf('.');
  return [module.slice(module.lastIndexOf('.', dot - 1) + 1), module.slice(dot + 1)];
}

/** The parts of a fused matrix [rows, columns], or null if it is not fused or its parts cannot be told. */
export function rowParts(
  module: string,
  [rows, columns]: readonly [number, number],
  family: Family | null,
  heads: Heads | null,
): RowPart[] | null {
  const found = fusionOf(module, family);
  if (found === null) return null;
  const { fusion, known } = found;
  switch (fusion) {
    case 'gate-up':
      return halves(rows);
    case 'gate-up-alternating':
      return alternating(rows);
    case 'qkv-by-group': {
      // GPT-NeoX has a key and a value for each query head, whatever its config.json says of key/value heads.
      const geometry =
        headsIn(rows, heads) ?? headsIn(rows, heads && { ...heads, keyValueHeads: heads.attentionHeads });
      return known && geometry ? byGroup(...geometry) : null;
    }
    case 'qkv': {
      // What does not read the model's width is not of the language model, whatever it is called.
      const isElsewhere = heads?.hiddenSize != null && columns !== heads.hiddenSize;
      if (isTower(module) || (isElsewhere && rows === 3 * columns)) return towerParts(rows, columns, heads);
      const geometry = headsIn(rows, heads);
      if (geometry) {
        const [queries, groups, headDim] = geometry;
        return sequential(['q', queries * headDim], ['k', groups * headDim], ['v', groups * headDim]);
      }
      // Three square blocks can only be q, k and v, whatever the heads; a layout by groups gives no such certainty.
      return rows === 3 * columns ? sequential(['q', columns], ['k', columns], ['v', columns]) : null;
    }
  }
}

/** The heads of the language model say nothing of a tower: three equal blocks, else as `vision_config` says. */
function towerParts(rows: number, columns: number, heads: Heads | null): RowPart[] | null {
  const geometry = rows === 3 * columns ? null : headsIn(rows, heads?.vision ?? null);
  const [queries, keys] = geometry ? [geometry[0] * geometry[2], geometry[1] * geometry[2]] : [rows / 3, rows / 3];
  return Number.isInteger(queries) ? sequential(['q', queries], ['k', keys], ['v', keys]) : null;
}

/** gate and up of one expert of a stack; null if it holds one matrix, or an odd number of rows. */
export function expertParts(module: string, rows: number, family: Family | null): RowPart[] | null {
  const fusion = fusionOf(module, family)?.fusion;
  if (fusion === 'gate-up-alternating') return alternating(rows);
  return fusion === 'gate-up' ? halves(rows) : null;
}

/**
 * Are the experts of a stack [E, a, b] stored [in, out]? The axis of the model's width tells, for a module that is known to read or to
 * write it; else the family does.
 */
export function expertsInOut(
  module: string,
  [a, b]: readonly [number, number],
  family: Family | null,
  hidden: number | null,
): boolean {
  if (hidden !== null && (a === hidden) !== (b === hidden)) {
    const stage = stageOf(module);
    if (isGateUp(module, family) || stage === 'gate' || stage === 'up' || stage === 'gateUp') return a === hidden;
    if (stage === 'down') return b === hidden;
  }
  return family?.expertsStored === 'in-out';
}

function isGateUp(module: string, family: Family | null): boolean {
  const fusion = fusionOf(module, family)?.fusion;
  return fusion === 'gate-up' || fusion === 'gate-up-alternating';
}

/** Query heads, key/value heads and head width, if they make up the rows; else null. */
function headsIn(
  rows: number,
  heads: Omit<Heads, 'vision' | 'hiddenSize'> | null,
): [queries: number, groups: number, headDim: number] | null {
  const queries = heads?.attentionHeads ?? null;
  const groups = heads?.keyValueHeads ?? queries;
  if (queries === null || groups === null) return null;
  const headDim = heads?.headDim ?? rows / (queries + 2 * groups);
  return Number.isInteger(headDim) && (queries + 2 * groups) * headDim === rows ? [queries, groups, headDim] : null;
}

function sequential(...sizes: [suffix: string, count: number][]): RowPart[] {
  let first = 0;
  return sizes.map(([suffix, count]) => {
    const part = { suffix, first, count, step: 1 };
    first += count;
    return part;
  });
}

function halves(rows: number): RowPart[] | null {
  return rows % 2 === 0 ? sequential(['gate', rows / 2], ['up', rows / 2]) : null;
}

function alternating(rows: number): RowPart[] | null {
  return rows % 2 === 0 ? ['gate', 'up'].map((suffix, first) => ({ suffix, first, count: rows / 2, step: 2 })) : null;
}

/** For each key/value group: its query heads, then one key head, then one value head. */
function byGroup(heads: number, groups: number, headDim: number): RowPart[] | null {
  const queries = heads / groups;
  if (!Number.isInteger(queries)) return null;
  const every = (queries + 2) * headDim;
  const part = (suffix: string, first: number, size: number): RowPart => ({
    suffix,
    first,
    count: groups * size,
    step: 1,
    block: { size, every },
  });
  return [
    part('q', 0, queries * headDim),
    part('k', queries * headDim, headDim),
    part('v', (queries + 1) * headDim, headDim),
  ];
}
