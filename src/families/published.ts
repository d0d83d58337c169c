/** Models that are published twice, as their makers save them and converted: one name for both, and where the rows of the first stand. */
import type { ModelConfig } from '../protocol/engine.ts';
import { headSideOf } from './columns.ts';
import { normalizeName } from './names.ts';
import { endsWithOne, everyFamily, FAMILIES } from './registry.ts';

const PUBLISHED: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap(({ published }) => Object.entries(published ?? {})),
);
const PAIRS = endsWithOne(everyFamily(({ rotaryPairs }) => rotaryPairs));
const PARTS = /^((?:layers\.\d+\.)?)(.*?)((?:\.(?:weight|bias))?)$/s;

/** A name as Hugging Face's conversion has it, without prefixes; any other as `normalizeName` gives it. */
export function publishedName(name: string): string {
  const normalized = normalizeName(name);
  const [, layer = '', module = normalized, end = ''] = PARTS.exec(normalized) ?? [];
  return `${layer}${PUBLISHED.get(module) ?? module.replace(/^feed_forward\.experts\./, 'mlp.experts.')}${end}`;
}

/** A module outside or inside of a layer as Hugging Face's conversion calls it. */
export function publishedModule(module: string): string {
  const [, name = module, end = ''] = /^(.*?)((?:\.bias)?)$/s.exec(module) ?? [];
  return `${PUBLISHED.get(name) ?? name}${end}`;
}

/** Does a module store the rows of each head in pairs that turn together? */
export const hasRotaryPairs = (module: string): boolean => PAIRS.test(module.replace(/\.bias$/, ''));

/** Rows of one head of such a module; null if nothing says how many heads there are, or they do not divide its rows. */
export function rotaryHead(module: string, rows: number, config: ModelConfig | null): number | null {
  const count = headSideOf(module)?.heads === 'keyValue' ? config?.keyValueHeads : config?.attentionHeads;
  const head = rows / (count ?? NaN);
  return Number.isInteger(head) && head % 2 === 0 && (config?.headDim ?? head) === head ? head : null;
}
