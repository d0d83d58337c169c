/** Value scales of the heatmap: where a figure lies on its colour ramp and on the axis of its profile. */
import type { Scale } from '../../src/metrics/figure.ts';
import { diverging, sequential } from './scales.ts';

export type { Scale };

/** Position on the scale: -1..1 about the reference for diverging scales, 0..1 for sequential ones; not clamped. */
export function toUnit(scale: Scale, value: number): number {
  switch (scale.kind) {
    case 'log1':
      return value > 0 ? Math.log(value) / Math.log(scale.hi) : -1;
    case 'div':
      return value / scale.hi;
    case 'log':
      return value > 0 ? (Math.log(value) - Math.log(scale.lo)) / (Math.log(scale.hi) - Math.log(scale.lo)) : 0;
    case 'lin':
      return (value - scale.lo) / (scale.hi - scale.lo);
  }
}
export const isDiverging = (scale: Scale): boolean => scale.kind === 'log1' || scale.kind === 'div';
export const colourOf = (scale: Scale, value: number): ReturnType<typeof diverging> =>
  (isDiverging(scale) ? diverging : sequential)(toUnit(scale, value));

/** The value that stands for "as the reference"; null on sequential scales. */
export function reference(scale: Scale): number | null {
  return scale.kind === 'log1' ? 1 : scale.kind === 'div' ? 0 : null;
}
export function ends(scale: Scale): [number, number] {
  if (scale.kind === 'log1') return [1 / scale.hi, scale.hi];
  return scale.kind === 'div' ? [-scale.hi, scale.hi] : [scale.lo, scale.hi];
}

/** 1 beyond the upper end, -1 beyond the lower one, 0 between; the last digit of a fitted end is not beyond it. */
export function outward(scale: Scale, value: number): -1 | 0 | 1 {
  const [lo, hi] = ends(scale);
  const slack = 1e-9 * (scale.kind === 'lin' ? hi - lo : 1);
  const isFactor = scale.kind === 'log' || scale.kind === 'log1';
  if (value > (isFactor ? hi * (1 + slack) : hi + slack)) return 1;
  return value < (isFactor ? lo * (1 - slack) : lo - slack) ? -1 : 0;
}
/** Drawn as the end is, so it needs a mark of its own. */
export const isBeyond = (scale: Scale, value: number): boolean => outward(scale, value) !== 0;

/** The same kind of scale, stretched over the values at hand. The reference of a diverging scale stays in the middle. */
export function fitted(scale: Scale, values: readonly (number | null)[]): Scale {
  const given = values.filter(
    (v): v is number => v !== null && Number.isFinite(v) && (scale.kind === 'lin' || scale.kind === 'div' || v > 0),
  );
  if (!given.length) return scale;
  let lo = Infinity;
  let hi = -Infinity;
  for (const v of given) {
    lo = Math.min(lo, v);
    hi = Math.max(hi, v);
  }
  switch (scale.kind) {
    case 'log1': {
      const reach = Math.max(hi, 1 / lo);
      return reach > 1 ? { ...scale, hi: reach } : scale;
    }
    case 'div': {
      const reach = Math.max(Math.abs(lo), Math.abs(hi));
      return reach > 0 ? { ...scale, hi: reach } : scale;
    }
    case 'log':
      return lo < hi ? { ...scale, lo, hi } : { ...scale, lo: lo / 2, hi: hi * 2 };
    case 'lin':
      return lo < hi ? { ...scale, lo, hi } : { ...scale, lo: lo - 0.5, hi: hi + 0.5 };
  }
}
