/** Where a module's column stands on the pages, and which of its sides divide into heads. */
import type { TensorRow } from '../protocol/engine.ts';
import { STAGES, type Stage } from './family.ts';
import { endsWithOne, everyFamily, FAMILIES } from './registry.ts';

const PLACES: ReadonlyMap<string, number> = new Map(
  FAMILIES.flatMap(({ columns }) =>
    Object.entries(columns ?? {}).flatMap(([stage, names]) =>
      names.map((name): [string, number] => [name, STAGES.indexOf(stage as Stage)]),
    ),
  ),
);
/** "q_proj" is known as "q"; GPT-2's "c_proj" keeps its name. */
const PROJECTION = /(?<!(^|\.)c)_proj$/;

/** The parts of a module's path, without the part of a fused tensor and ".weight". */
const pathOf = (module: string): string[] =>
  module
    .replace(/#.*$/, '')
    .replace(/\.weight$/, '')
    .split('.');

/** "k" of "c_attn#k"; null for a whole tensor. */
export const partOf = (module: string): string | null =>
  module.includes('#') ? module.slice(module.indexOf('#') + 1) : null;
/** "q" of "self_attn.q_proj" */
export const shortName = (module: string): string => lastOf(module).replace(PROJECTION, '');
export const lastOf = (module: string): string => pathOf(module).at(-1) ?? module;
export const lastTwoOf = (module: string): string => pathOf(module).slice(-2).join('.');
export const withoutProjection = (name: string): string => name.replace(PROJECTION, '');

/** A tensor in a list of its layer's: its module, and with it the number of its expert, which a module drops. */
export function labelInLayer({ name, layer, module }: Pick<TensorRow, 'name' | 'layer' | 'module'>): string {
  if (layer === null) return name.replace(/^model\./, '').replace(/\.weight$/, '');
  const expert = /\bexperts\.\d+\..*/.exec(name);
  if (!expert) return module;
  const before = name.slice(0, expert.index).split('.');
  const at = before.indexOf(String(layer));
  return [...(at < 0 ? [] : before.slice(at + 1, -1)), expert[0]].join('.').replace(/\.weight$/, '');
}

/** Attention first, then the MLP; modules that no family knows at the end. */
export function columnPlace(module: string): number {
  const path = PLACES.get(lastTwoOf(module)) ?? STAGES.length;
  const short = PLACES.get(partOf(module) ?? shortName(module)) ?? STAGES.length;
  return Math.min(path, short);
}

/** What a module does in its block, by its name; null if no family says. */
export function stageOf(module: string): Stage | null {
  // The longer name says more: BERT's "intermediate.dense" is not "dense".
  const place = PLACES.get(lastTwoOf(module)) ?? PLACES.get(partOf(module) ?? shortName(module));
  return place === undefined ? null : (STAGES[place] ?? null);
}

const ends = (side: 'query' | 'keyValue' | 'out'): RegExp =>
  endsWithOne(everyFamily(({ headSides }) => headSides?.[side]));
const QUERY = ends('query');
const KEY_VALUE = ends('keyValue');
const OUT = ends('out');

/** Which heads divide a module's rows or columns; null if none do. */
export function headSideOf(module: string): { side: 'rows' | 'columns'; heads: 'attention' | 'keyValue' } | null {
  if (QUERY.test(module) || module.endsWith('#q')) return { side: 'rows', heads: 'attention' };
  if (KEY_VALUE.test(module) || /#[kv]$/.test(module)) return { side: 'rows', heads: 'keyValue' };
  return OUT.test(module) ? { side: 'columns', heads: 'attention' } : null;
}
