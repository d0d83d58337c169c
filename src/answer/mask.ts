/** Which weights changed: off or on the base's main entries, beside rounding noise. */
import { say } from '../protocol/say.ts';
import { littleRoom, maskVerdict } from '../metrics/verdict.ts';
import { integer, percent } from '../protocol/format.ts';
import type { Verdict } from '../protocol/results.ts';
import { clause, type Clause } from './clause.ts';
import { middle } from './noise.ts';
import { namesOf, type Matrix, type Subject } from './subject.ts';

/** Share of the matrices with a verdict that have to differ from noise, and of all that have to have one. */
const ENOUGH = 0.25;
const JUDGED = 0.5;

const verdictOf = ({ metrics }: Matrix): Verdict => {
  const verdict = metrics.illDefined === true ? 'none' : maskVerdict(metrics);
  // an overlap that is pinned says nothing, not even that it is like noise
  return verdict === 'noise' && littleRoom(metrics) ? 'none' : verdict;
};

/** One clause, or none if too few matrices have room for a verdict. */
export function maskClauses({ live }: Subject): Clause[] {
  const sides: Record<Verdict, Matrix[]> = { off: [], on: [], noise: [], none: [] };
  for (const matrix of live) sides[verdictOf(matrix)].push(matrix);
  const { off, on } = sides;
  const judged = live.length - sides.none.length;
  if (judged <= JUDGED * live.length) return [];
  const shape = { tab: 'where', figure: 'principalOverlap' } as const;
  const share = (of: (matrix: Matrix) => number | null | undefined, matrices: readonly Matrix[]): string =>
    percent(middle(matrices, of));
  const overlap = (matrices: readonly Matrix[]): string => share(({ metrics }) => metrics.principalOverlap, matrices);
  const noise = (matrices: readonly Matrix[]): string => share(({ metrics }) => metrics.principalNull, matrices);
  const found = (side: readonly Matrix[], code: string, text: Clause['text']): Clause[] => [
    clause({
      ...shape,
      code,
      kind: 'finding',
      text,
      value: say('overlap {0}', overlap(side)),
      noise: say('rounding noise {0}', noise(side)),
      matrices: namesOf(side),
    }),
  ];
  const counts = (side: readonly Matrix[]) => [integer(side.length), integer(judged)] as const;
  if (off.length >= ENOUGH * judged)
    return found(
      off,
      'mask-off',
      say("in {0} of {1} matrices the changed weights avoid the base's main entries", ...counts(off)),
    );
  if (on.length >= ENOUGH * judged)
    return found(
      on,
      'mask-on',
      say("in {0} of {1} matrices the changed weights favour the base's main entries", ...counts(on)),
    );
  return [
    clause({
      ...shape,
      code: 'mask-noise',
      kind: 'quiet',
      text: say('which weights changed is like rounding noise'),
      value: say('overlap {0}', overlap(live)),
      noise: say('noise {0}', noise(live)),
    }),
  ];
}
