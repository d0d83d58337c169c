/**
 * How far the spectrum moved (PNT 4.1; ISO, arXiv 2607.19331): norm2(s(W1) - s(W0)), all q values, over the norm of s(W0) (nss, at most
 * the relative update: Mirsky), and over the norm of the update (spectralShare). Isotropic noise has a spectralShare of
 * 1 / sqrt(max(m, n)) to first order; its baseline is null above a relative update of 0.3 / sqrt(max(m, n)), where the second order
 * takes over.
 */
import { greatest } from '../../protocol/lists.ts';
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, rounded, SHIFT_TOLERANCE } from '../tolerance.ts';
import { frobeniusNorm } from './norms.ts';

/** norm2(s(W1) - s(W0)). */
function spectrumShift(baseValues: Float64Array, tunedValues: Float64Array): number {
  return hypot(baseValues.map((s, i) => (tunedValues[i] ?? 0) - s));
}
/** Math.hypot of any length, as V8 does it: over the greatest magnitude, with the rounding of the sum carried along. */
function hypot(values: Float64Array): number {
  const most = greatest(values.map(Math.abs), 0);
  if (most === 0 || !Number.isFinite(most)) return most;
  let sum = 0;
  let carry = 0;
  for (const value of values) {
    const ratio = value / most;
    const summand = ratio * ratio - carry;
    const next = sum + summand;
    carry = next - sum - summand;
    sum = next;
  }
  return Math.sqrt(sum) * most;
}
/** Null for a zero base. */
function normalizedSpectralShift(baseValues: Float64Array, tunedValues: Float64Array): number | null {
  const norm = frobeniusNorm(baseValues);
  return norm === 0 ? null : spectrumShift(baseValues, tunedValues) / norm;
}
/** Of 1 / sqrt(max(m, n)): relative updates above it leave the first order. */
const FIRST_ORDER = 0.3;

const common = {
  kind: 'number',
  nullable: true,
  group: 'shift',
  unit: 'share',
  range: [0, null],
  whole: true,
} as const;
const share = { ...common, scale: { kind: 'lin', lo: 0, hi: 1 } } as const;

export const SPECTRAL_SHIFT = [
  updateFigure({
    ...common,
    id: 'nss',
    scale: { kind: 'log', lo: 1e-5, hi: 1 },
    beside: { id: 'relativeUpdate', as: 'limit' },
    label: say('Spectrum shift'),
    sentence: say('Change of the singular values over their norm. Never above the relative update.'),
    tolerance: relative(SHIFT_TOLERANCE),
    column: 'NSS',
    compute: ({ pair, moved }) => {
      const nss = pair && normalizedSpectralShift(pair.baseValues, pair.tunedValues);
      return nss !== null && !moved ? 0 : nss;
    },
  }),
  updateFigure({
    ...share,
    id: 'spectralShare',
    beside: { id: 'spectralShareBaseline', as: 'isotropic' },
    label: say('Spectral share of the update'),
    sentence: say('How much of the update’s norm shows in the singular values.'),
    tolerance: relative(SHIFT_TOLERANCE),
    compute: ({ moved, updateNorm }) => moved && spectrumShift(moved.baseValues, moved.tunedValues) / updateNorm,
  }),
  updateFigure({
    ...share,
    id: 'spectralShareBaseline',
    label: say('Spectral share of a random direction'),
    sentence: say(
      '1/√max(m, n): what noise of a small size shows in the singular values; undefined for large updates.',
    ),
    tolerance: rounded,
    sameForNoise: true,
    compute: ({ baseNorm: base, rows, columns, updateNorm }) => {
      const isotropic = 1 / Math.sqrt(Math.max(rows, columns));
      return base && updateNorm / base <= FIRST_ORDER * isotropic ? isotropic : null;
    },
  }),
] as const;
