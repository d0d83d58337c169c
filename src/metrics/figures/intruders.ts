/**
 * Intruder dimensions (arXiv 2410.21228): of the first min(10, q) left singular vectors u of W1, those with max_i abs(u_i(W0)' u) < 0.5
 * over all i. With the leading k of W0 at hand: an intruder if the largest known value is < 0.5 and 1 - sum of the known squares < 0.25,
 * since then no other can reach 0.5; none from 0.5 on; else undetermined. With k = q all are known. Both 0 without an update; null if k < min(10, q), or if a side
 * has no leading subspace of k (s_k <= tol).
 */
import { INTRUDER_COSINE, INTRUDER_VECTORS, type LeftOverlap } from '../../linalg/backend.ts';
import { updateFigure, type UpdateSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

/** `complete`: the leading k are all that W0 has. */
export function countIntruders(
  { largest, captured }: LeftOverlap,
  complete: boolean,
): { intruders: number; undetermined: number } {
  const found = { intruders: 0, undetermined: 0 };
  for (const [j, cosine] of largest.entries()) {
    if (cosine >= INTRUDER_COSINE) continue;
    if (complete || 1 - (captured[j] as number) < INTRUDER_COSINE ** 2) found.intruders++;
    else found.undetermined++;
  }
  return found;
}
/** Whether the leading k tell all the vectors that are to be judged. */
export const seesIntruders = (angleRank: number, rows: number, columns: number): boolean =>
  angleRank >= Math.min(INTRUDER_VECTORS, rows, columns);

function counted({ pair, moved, angleRank, rows, columns }: UpdateSource): ReturnType<typeof countIntruders> | null {
  if (!pair || pair.baseValues[0] === 0 || !seesIntruders(angleRank, rows, columns)) return null;
  if (!moved) return { intruders: 0, undetermined: 0 };
  return moved.leftOverlap && countIntruders(moved.leftOverlap, angleRank === Math.min(rows, columns));
}

const common = {
  kind: 'integer',
  nullable: true,
  group: 'shift',
  whole: true,
  unit: 'count',
  range: [0, INTRUDER_VECTORS],
  scale: { kind: 'lin', lo: 0, hi: INTRUDER_VECTORS },
  tolerance: exact,
} as const;

export const INTRUDERS = [
  updateFigure({
    ...common,
    id: 'intruders',
    label: say('Intruder dimensions'),
    short: say('Intruders'),
    sentence: say(
      'Of the 10 leading left singular vectors of W₁, those like none of W₀: every cosine is under 0.5. Noise of this size can make some too.',
    ),
    column: 'intruders',
    compute: (source) => counted(source)?.intruders ?? null,
  }),
  updateFigure({
    ...common,
    id: 'intrudersUndetermined',
    label: say('Intruders, undetermined'),
    sentence: say('Leading vectors of W₁ that may or may not be intruders, as only the leading k of W₀ are at hand.'),
    compute: (source) => counted(source)?.undetermined ?? null,
  }),
] as const;
