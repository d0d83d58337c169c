/** What is said alone, in place of everything else: nothing to compare, nothing changed, or not base and tuned. */
import { isPartial } from '../metrics/coverage.ts';
import type { Lineage } from '../metrics/lineage.ts';
import { say, type Text } from '../protocol/say.ts';
import { integer, num, percent } from '../protocol/format.ts';
import type { ComparisonTensor } from '../protocol/results.ts';
import { visible } from '../text/show.ts';
import { answerOf, clause, type Answer, type Clause } from './clause.ts';
import type { Subject } from './subject.ts';

export function guard(subject: Subject): Answer | null {
  return nothingFinite(subject) ?? nothingChanged(subject) ?? notTheBase(subject);
}

function nothingFinite({ planned, notFinite }: Subject): Answer | null {
  if (notFinite.length === 0 || notFinite.length < planned) return null;
  return answerOf([
    [
      clause({
        code: 'nothing-finite',
        kind: 'guard',
        text: say('no matrix could be compared: every one holds NaN or infinity'),
        value: say('{0} of {1} not finite', integer(notFinite.length), integer(planned)),
        tab: 'size',
        figure: 'relativeUpdate',
        matrices: notFinite,
      }),
    ],
  ]);
}

/** On the grid and beyond it; NaN equals NaN. */
const isUnchanged = ({ metrics }: ComparisonTensor): boolean =>
  metrics.updateDensity === 0 && (metrics.updateNorm ?? 0) === 0;

function nothingChanged({ adapter, tensors, summary }: Subject): Answer | null {
  if (tensors.size === 0) return null;
  const casts = new Set<string>();
  for (const tensor of tensors.values()) {
    if (!isUnchanged(tensor)) return null;
    const { base, tuned } = tensor.dtype;
    if (base !== tuned) casts.add(JSON.stringify([base, tuned]));
  }
  // what was left out may have changed: no word of the whole stands for a part
  const isPart = isPartial(summary.coverage);
  const none = isPart
    ? say(
        "0 of {0} differ; compared are {1} of the base's weights",
        integer(summary.weights),
        percent(summary.coverage),
      )
    : say('0 of {0} differ', integer(summary.weights));
  const changed = (code: string, text: Text, value: Text | null): Clause =>
    clause({ code, kind: 'guard', text, value, tab: 'size', figure: 'updateDensity' });
  if (adapter)
    return answerOf([
      [changed('nothing-changed', say("nothing changed: the adapter's update is 0 in every weight"), none)],
    ]);
  if (casts.size === 0)
    return answerOf([
      [
        changed(
          'nothing-changed',
          isPart
            ? say('nothing changed in the weights that were compared')
            : say('nothing changed: both checkpoints store the same weights'),
          none,
        ),
      ],
    ]);
  const [one = '[]'] = casts;
  const [from = '', to = ''] = JSON.parse(one) as string[];
  const cast =
    casts.size === 1
      ? say('only the storage type changed, from {0} to {1}', visible(from), visible(to))
      : say('only the storage types changed');
  const equal = isPart
    ? say('stored the same way, the base equals the tuned checkpoint in every weight that was compared')
    : say('stored the same way, the base equals the tuned checkpoint in every weight');
  return answerOf([[changed('only-cast', cast, null)], [changed('cast-equal', equal, none)]]);
}

const LINEAGE: Readonly<Record<Exclude<Lineage, 'tuned'>, Text>> = {
  unrelated: say('their weights point in unrelated directions'),
  rotated: say('their spectra agree, but in another basis: rotated, permuted or fused anew'),
  apart: say('their weights lie far apart'),
};

function notTheBase({ summary: { lineage } }: Subject): Answer | null {
  const { verdict, cosine, nss } = lineage;
  if (verdict === null || verdict === 'tuned') return null;
  return answerOf(
    [
      [
        clause({
          code: 'lineage',
          kind: 'guard',
          text: say('this is not the base of that'),
          tab: 'size',
          figure: 'relativeUpdate',
        }),
      ],
      [
        clause({
          code: `lineage-${verdict}`,
          kind: 'guard',
          text: LINEAGE[verdict],
          value: say('cosine {0}', num(cosine, 2)),
          noise:
            verdict === 'rotated'
              ? say('base and tuned over 0.9; spectra {0} apart', percent(nss, 2))
              : say('base and tuned over 0.9'),
          tab: 'spectrum',
          figure: verdict === 'rotated' ? 'nss' : 'angleUMax',
        }),
      ],
    ],
    [say('The figures below compare two models; they do not show what training did.')],
  );
}
