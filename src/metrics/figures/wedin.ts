/**
 * Gap at k: max(s_k(W0) - s_{k+1}(W1), s_k(W1) - s_{k+1}(W0)), s_{q+1} = 0. Wedin's bound on the sine of the largest angle:
 * norm_2(D) / gap, null without a positive gap; vacuous when null or >= 1.
 */
import { updateFigure, type UpdateSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact, relative, VALUE_TOLERANCE } from '../tolerance.ts';

function subspaceGap(baseValues: Float64Array, tunedValues: Float64Array, k: number): number {
  const at = (values: Float64Array, i: number): number => values[i - 1] ?? 0;
  return Math.max(at(baseValues, k) - at(tunedValues, k + 1), at(tunedValues, k) - at(baseValues, k + 1));
}
export function wedinBound(updateSpectralNorm: number, gap: number): { bound: number | null; vacuous: boolean } {
  const bound = gap > 0 ? updateSpectralNorm / gap : null;
  return { bound, vacuous: bound === null || bound >= 1 };
}

function wedin({ pair, angleRank }: UpdateSource): (ReturnType<typeof wedinBound> & { gap: number }) | null {
  if (!pair) return null;
  const gap = subspaceGap(pair.baseValues, pair.tunedValues, angleRank);
  return { gap, ...wedinBound(pair.updateValues[0] ?? 0, gap) };
}

const common = { nullable: true, group: 'shift', range: [null, null], whole: true } as const;

export const WEDIN = [
  updateFigure({
    ...common,
    id: 'gap',
    kind: 'number',
    unit: 'number',
    scale: null,
    label: say('Gap at k'),
    sentence: say('max(sₖ(W₀) − sₖ₊₁(W₁), sₖ(W₁) − sₖ₊₁(W₀)). Without a gap no bound on the angles exists.'),
    tolerance: (_, reference) => 2 * VALUE_TOLERANCE * reference.number('base.spectralNorm'),
    compute: (source) => wedin(source)?.gap ?? null,
  }),
  updateFigure({
    ...common,
    id: 'wedinBound',
    kind: 'number',
    unit: 'number',
    range: [0, null],
    scale: null,
    label: say('Wedin bound'),
    sentence: say('Spectral norm of the update over the gap; vacuous from 1 on.'),
    tolerance: relative(0.02),
    compute: (source) => wedin(source)?.bound ?? null,
  }),
  updateFigure({
    ...common,
    id: 'wedinVacuous',
    kind: 'boolean',
    unit: 'truth',
    scale: { kind: 'lin', lo: 0, hi: 1 },
    label: say('Wedin bound vacuous'),
    sentence: say('1 if the bound says nothing about the angles.'),
    tolerance: exact,
    compute: (source) => wedin(source)?.vacuous ?? null,
  }),
] as const;
