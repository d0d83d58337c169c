/** Findings that need several tensors: equal contents, and a scale apart from the other layers'. */
import { quoted } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Finding } from '../protocol/health.ts';
import { finding, MIN_LINE, type Measured } from './rules.ts';
import { scaleOutliers } from './scale.ts';

/** Names shown of a set of equal tensors. */
const NAMES_SHOWN = 3;

/**
 * Tensors that may be equal, by what is known without comparing bytes: type, shape, extrema and counts. Tensors of one value and very
 * small ones are left out: they are equal without being copies. `measured` lacks integer and packed types, which `others` adds.
 */
export function duplicateCandidates(measured: readonly Measured[], others: readonly TensorRow[]): TensorRow[][] {
  const groups = new Map<string, TensorRow[]>();
  const add = (row: TensorRow, ...key: unknown[]): void => {
    const text = [row.dtype, row.shape.join('x'), ...key].join('|');
    groups.set(text, [...(groups.get(text) ?? []), row]);
  };
  for (const { row, weights, stats } of measured) {
    if (row.role === 'bookkeeping' || weights < MIN_LINE || stats.min === stats.max) continue;
    add(row, stats.min, stats.max, stats.zeros, stats.nan, stats.inf);
  }
  for (const row of others) if (row.role !== 'bookkeeping' && row.sizeBytes >= MIN_LINE) add(row);
  return [...groups.values()].filter((group) => group.length > 1);
}

/** `rows` hold the same bytes. An embedding and the output head are tied on purpose. */
export function duplicateFinding(rows: readonly TensorRow[]): Finding {
  const [first, ...rest] = rows as [TensorRow, ...TensorRow[]];
  const roles = new Set(rows.map((row) => row.role));
  const tied = roles.size === 2 && roles.has('embedding') && roles.has('head');
  const others = rest.map((row) => row.name);
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

/** A module's tensors of one shape and type over the layers, and over the experts of a mixture. */
export function scaleFindings(measured: readonly Measured[]): Finding[] {
  const groups = new Map<string, { measured: Measured; rms: number }[]>();
  for (const one of measured) {
    const { row, rms, stats } = one;
    if (row.layer === null || row.role === 'bookkeeping' || !rms || stats.nan || stats.inf) continue;
    const key = [row.module, row.dtype, row.shape.join('x')].join('|');
    groups.set(key, [...(groups.get(key) ?? []), { measured: one, rms }]);
  }
  return [...groups.values()].flatMap(scaleOutliers).map(({ member, factor, z, siblings, severity }) => {
    const { row } = member.measured;
    const times = factor > 1 ? `${short(factor)} times` : `1/${short(1 / factor)} of`;
    const robust = Number.isFinite(z) ? `robust z ${short(z)}` : 'the others are all alike';
    const text = `has an RMS of ${short(member.rms)}, ${times} the median of its ${siblings} siblings (${robust}).`;
    const advice =
      severity === 'warning'
        ? 'A scale was forgotten or applied twice, or the layer diverged.'
        : 'First and last layers often stand apart; compare it with the base.';
    return finding(row, severity, 'scale-outlier', text, advice);
  });
}

const short = (x: number): string => String(Number(x.toPrecision(3)));
