/** Experts that moved further than the others. */
import { median } from '../metrics/median.ts';
import { say } from '../protocol/say.ts';
import { percent, times } from '../protocol/format.ts';
import { greatest, least } from '../protocol/lists.ts';
import { clause, type Clause } from './clause.ts';
import { relativeUpdate } from './size.ts';
import { namesOf, type Matrix, type Subject } from './subject.ts';
import { countWord, listed } from './words.ts';

/** How many times as far as the median expert. */
const MOVED = 3;

export interface MovedExperts {
  experts: readonly { layer: number; expert: number; size: number; matrices: readonly Matrix[] }[];
  /** of the median expert */
  typical: number;
  /** is this one of theirs? */
  has(matrix: Matrix): boolean;
}

/** By the size of an expert's update over all its matrices, the largest first. */
export function movedExperts({ matrices }: Subject): MovedExperts {
  const members = new Map<string, { layer: number; expert: number; matrices: Matrix[] }>();
  for (const matrix of matrices) {
    const { layer, expert } = matrix;
    if (expert === null) continue;
    const key = `${layer}.${expert}`;
    const known = members.get(key);
    if (known) known.matrices.push(matrix);
    else members.set(key, { layer, expert, matrices: [matrix] });
  }
  const experts = [...members.values()].map((one) => ({ ...one, size: relativeUpdate(one.matrices) ?? 0 }));
  const typical = median(experts.map(({ size }) => size)) ?? 0;
  const moved = experts.filter(({ size }) => size > MOVED * typical).sort((a, b) => b.size - a.size);
  const theirs = new Set(moved.flatMap((one) => one.matrices));
  return { experts: moved, typical, has: (matrix) => theirs.has(matrix) };
}

/** A sentence of its own. */
export function expertClauses({ experts, typical }: MovedExperts): Clause[] {
  const largest = experts[0];
  if (!largest) return [];
  const names = listed(experts.map(({ expert, layer }) => say('{0} in layer {1}', String(expert), String(layer))));
  const factors = experts.map(({ size }) => size / typical);
  const range = [times(least(factors), 2), times(greatest(factors), 2)] as const;
  return [
    clause({
      code: 'experts',
      kind: 'size',
      text:
        experts.length === 1
          ? say('one expert moved {0} as far as the others: {1}', range[0], names)
          : say('{0} experts moved {1} to {2} as far as the others: {3}', countWord(experts.length), ...range, names),
      value: say('{0} against {1}', percent(largest.size, 2), percent(typical, 2)),
      tab: 'size',
      figure: 'relativeUpdate',
      matrices: experts.flatMap((one) => namesOf(one.matrices)),
    }),
  ];
}
