/** Findings that need several tensors: equal contents, and a scale apart from the other layers'. */
import { isTokenTable } from '../families/index.ts';
import type { Weight } from '../checkpoint/index.ts';
import { quoted } from '../formats/index.ts';
import { numberType } from '../numbers/index.ts';
import { plain } from '../protocol/format.ts';
import type { Finding } from '../protocol/health.ts';
import { pushTo } from '../protocol/lists.ts';
import { finding, MIN_LINE, type Measured } from './rules.ts';
import { scaleOutliers } from './scale.ts';

/** Names shown of a set of equal tensors. */
const NAMES_SHOWN = 3;

/**
 * Tensors that may be equal, by what is known without comparing bytes: type, shape, extrema and counts. Tensors of one value and very
 * small ones are left out: they are equal without being copies. `measured` lacks integer and packed types, which `others` adds.
 */
export function duplicateCandidates(measured: readonly Measured[], others: readonly Weight[]): Weight[][] {
  const groups = new Map<string, Weight[]>();
  const add = (weight: Weight, ...key: unknown[]): void =>
    pushTo(groups, [weight.dtype, weight.shape.join('x'), ...key].join('|'), weight);
  for (const { weight, stats } of measured) {
    if (weight.place.role === 'bookkeeping' || weight.count < MIN_LINE || stats.min === stats.max) continue;
    add(weight, stats.min, stats.max, stats.zeros, stats.nan, stats.inf);
  }
  for (const weight of others) if (!isBuffer(weight) && weight.storedBytes >= MIN_LINE) add(weight);
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Codes of weights; other integers (indices, counters, masks) are buffers, which every layer has alike. */
const CODES = /(^|[._])(q?weight(_packed)?|blocks)$/;
function isBuffer({ name, dtype, place }: Weight): boolean {
  const kind = numberType(dtype)?.kind;
  return place.role === 'bookkeeping' || ((kind === 'integer' || kind === 'boolean') && !CODES.test(name));
}

/** `weights` hold the same bytes. Embeddings and output heads, also those of a layer that predicts more tokens, are tied on purpose. */
export function duplicateFinding(weights: readonly Weight[]): Finding {
  const [first, ...rest] = weights as [Weight, ...Weight[]];
  const tied = weights.every(({ place }) => isTokenTable(place.module));
  const others = rest.map(({ name }) => name);
  const shown = others.slice(0, NAMES_SHOWN).map(quoted).join(', ');
  const names = others.length > NAMES_SHOWN ? `${shown} and ${others.length - NAMES_SHOWN} more` : shown;
  const found = tied
    ? finding(first, 'info', 'tied-weights', `holds the same bytes as ${names}: tied weights, stored twice.`, '')
    : finding(
        first,
        'warning',
        'duplicate',
        `holds the same bytes as ${names}.`,
        'Unless layers are shared or were copied on purpose, one of them was saved under the wrong name.',
      );
  return { ...found, related: others };
}

const OWN_HEAD = /(^|\.)(lm_head|embed_out)$/;
/**
 * A head that config.json says is the embedding (`tie_word_embeddings`), and that holds something else: loading it as config.json says
 * throws it away. `equal`: the sets of weights that hold the same bytes.
 */
export function untiedHead(measured: readonly Measured[], equal: readonly (readonly Weight[])[]): Finding | null {
  const weights = measured.map(({ weight }) => weight).filter(({ shape }) => shape.length === 2);
  const head = weights.find(({ place }) => place.role === 'head' && OWN_HEAD.test(place.module));
  const embedded = weights.some(({ place }) => place.role === 'embedding' && isTokenTable(place.module));
  const same = equal.find((set) => head !== undefined && set.includes(head));
  if (!head || !embedded || same?.some(({ place }) => place.role === 'embedding') === true) return null;
  const text =
    'is not the embedding, but config.json says that they are tied (tie_word_embeddings): what loads it leaves it out.';
  return finding(
    head,
    'warning',
    'config-head',
    text,
    'Set tie_word_embeddings to false, or take the config of this model.',
  );
}

/** A module's tensors of one shape and type over the layers, and over the experts of a mixture. */
export function scaleFindings(measured: readonly Measured[]): Finding[] {
  const groups = new Map<string, { measured: Measured; rms: number }[]>();
  for (const one of measured) {
    const { weight, rms, stats } = one;
    const { place, dtype, shape } = weight;
    if (place.layer === null || place.role === 'bookkeeping' || !rms || stats.nan || stats.inf) continue;
    pushTo(groups, [place.module, dtype, shape.join('x')].join('|'), { measured: one, rms });
  }
  return [...groups.values()].flatMap(scaleOutliers).map(({ member, factor, z, siblings, severity }) => {
    const { weight } = member.measured;
    const times = factor > 1 ? `${short(factor)} times` : `1/${short(1 / factor)} of`;
    const robust = Number.isFinite(z) ? `robust z ${short(z)}` : 'the others are all alike';
    const text = `has an RMS of ${short(member.rms)}, ${times} the median of its ${siblings} siblings (${robust}).`;
    const advice =
      severity === 'warning'
        ? 'A scale was forgotten or applied twice, or the layer diverged.'
        : 'First and last layers often stand apart; compare it with the base.';
    return finding(weight, severity, 'scale-outlier', text, advice);
  });
}

const short = (x: number): string => plain.num(x, 3);
