/** Whether the spectrum moved and the main directions turned as noise of the same size would have them do. */
import { say, type Text } from '../protocol/say.ts';
import { degrees, percent } from '../protocol/format.ts';
import { pushTo } from '../protocol/lists.ts';
import { clause, type Clause } from './clause.ts';
import { inDepth, type Depth } from './depth.ts';
import type { MovedExperts } from './experts.ts';
import { angleOverNoise, clearOfNoise, meanAngle, middle, shiftOverNoise } from './noise.ts';
import { namesOf, type Matrix, type Subject } from './subject.ts';
import { foldWord, listed } from './words.ts';

/** Findings only: what is like noise is said once for direction and spectrum together. */
export function spectrumClauses(subject: Subject, depth: Depth, moved: MovedExperts): Clause[] {
  const within = subject.live.filter(inDepth(depth));
  const shift = shiftClause(subject, within, moved);
  return [...(shift ? [shift] : []), ...turnClauses(within, shift !== null)];
}

function shiftClause({ modules, label }: Subject, within: readonly Matrix[], moved: MovedExperts): Clause | null {
  const side = clearOfNoise(within.map(shiftOverNoise));
  if (side !== 0) return shifted(within, side, null);
  const byModule = new Map<string, Matrix[]>();
  for (const matrix of within) if (!moved.has(matrix)) pushTo(byModule, matrix.module, matrix);
  const scopes = modules.flatMap((module) => {
    const matrices = byModule.get(module);
    return matrices ? [{ module, matrices }] : [];
  });
  const further = scopes.filter(({ matrices }) => clearOfNoise(matrices.map(shiftOverNoise)) > 0);
  if (further.length === 0 || further.length === scopes.length) return null;
  const names = listed(further.map(({ module }) => label(module)));
  return shifted(
    further.flatMap(({ matrices }) => matrices),
    1,
    say('in {0}', names),
  );
}

function shifted(matrices: readonly Matrix[], side: 1 | -1, where: Text | null): Clause {
  const shift = middle(matrices, ({ metrics }) => metrics.nss) ?? 0;
  const noise = middle(matrices, ({ metrics }) => metrics.twin?.nss) ?? 0;
  const text =
    side < 0
      ? say('the spectrum moved less far than under noise of the same size')
      : say('the spectrum moved {0} as far as under noise of the same size', foldWord(shift / noise));
  return clause({
    code: side < 0 ? 'spectrum-less' : 'spectrum-further',
    kind: 'finding',
    text: where === null ? text : say('{0} {1}', where, text),
    value: percent(shift, 2),
    noise: say('noise {0}', percent(noise, 2)),
    tab: 'spectrum',
    figure: 'nss',
    matrices: namesOf(matrices),
  });
}

/** `isNamed`: the clause before it has said which noise. */
function turnClauses(matrices: readonly Matrix[], isNamed: boolean): Clause[] {
  const side = clearOfNoise(matrices.map(angleOverNoise));
  if (side === 0) return [];
  const [less, further] = isNamed
    ? [
        say('the main directions turned less than under such noise'),
        say('the main directions turned further than under such noise'),
      ]
    : [
        say('the main directions turned less than under noise of the same size'),
        say('the main directions turned further than under noise of the same size'),
      ];
  return [
    clause({
      code: side < 0 ? 'turn-less' : 'turn-further',
      kind: 'finding',
      text: side < 0 ? less : further,
      value: degrees(
        middle(matrices, ({ metrics }) => meanAngle(metrics)),
        2,
      ),
      noise: say(
        'noise {0}',
        degrees(
          middle(matrices, ({ metrics }) => metrics.twin && meanAngle(metrics.twin)),
          2,
        ),
      ),
      tab: 'spectrum',
      figure: 'angleUMean',
      matrices: namesOf(matrices),
    }),
  ];
}
