/**
 * Share of the weights that did not change (PNT Def. 2.1-2.2): equal codes in bf16; |w1 - w0| <= eta max(|w0|, |w1|); |w1 - w0| <= the
 * absolute tolerance (arXiv 2505.11711). A tensor without weights is all unchanged.
 */
import { changeFigure, type ChangeSource } from '../figure.ts';
import { say, type Text } from '../../protocol/say.ts';
import { fraction } from '../tolerance.ts';

const probe = <const P extends 'Bf16' | 'Relative' | 'Absolute'>(
  kind: P,
  label: Text,
  sentence: Text,
  column?: string,
) =>
  changeFigure({
    id: `unchanged${kind}` as const,
    kind: 'number',
    nullable: false,
    group: 'change',
    unit: 'share',
    range: [0, 1],
    scale: { kind: 'lin', lo: 0, hi: 1 },
    label,
    sentence,
    tolerance: fraction,
    aggregate: 'weights',
    ...(column === undefined ? {} : { column }),
    compute: ({ totals, count }: ChangeSource) => (count === 0 ? 1 : totals[`equal${kind}`] / count),
  });

export const UNCHANGED = [
  probe('Bf16', say('Unchanged in bf16'), say('Share of weights whose bf16 codes are equal.'), 'unchanged'),
  probe('Relative', say('Unchanged, relative probe'), say('Share of weights that moved by at most eta of their size.')),
  probe(
    'Absolute',
    say('Unchanged, absolute probe'),
    say('Share of weights that moved by at most the absolute tolerance.'),
  ),
] as const;
