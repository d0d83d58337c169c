/** Several runs of one base: how far each moved, and whether they point the same way. Figures of METRICS.md, section D. */
import { say, type Text } from '../protocol/say.ts';
import { integer, num, percent } from '../protocol/format.ts';
import { greatest, least } from '../protocol/lists.ts';
import { visible } from '../text/show.ts';
import { answerOf, clause, type Answer, type Clause } from './clause.ts';
import { foldWord, listed, type Word } from './words.ts';

export interface Runs {
  /** each with its name, as a file gives it */
  runs: readonly { name: string; relativeUpdate: number }[];
  /** every two of them, by their places in `runs`, of the whole model */
  pairs: readonly { i: number; j: number; updateCosine: number; signAgreement: number }[];
}
type Pair = Runs['pairs'][number];

/** A display rule: the deviation of isotropic updates is too narrow for low-rank ones, so it makes no finding. */
const SHARED = 0.3;
/** Factors under which two sizes are about the same. */
const ALIKE = 1.25;

export function answerToRuns({ runs, pairs }: Runs): Answer {
  const name = (at: number): string => visible(runs[at]?.name ?? '');
  const sameWay = pairs.filter(({ updateCosine }) => updateCosine > SHARED);
  const opposite = pairs.filter(({ updateCosine }) => updateCosine < -SHARED);
  const apart = pairs.filter(({ updateCosine }) => Math.abs(updateCosine) <= SHARED);
  const sets = groups(sameWay, runs.length);
  const isInOne = ({ i, j }: Pair): boolean => sets.some((set) => set.includes(i) && set.includes(j));
  const between = (set: readonly number[]): Pair[] => sameWay.filter(({ i, j }) => set.includes(i) && set.includes(j));
  return answerOf([
    sizes(runs),
    [
      ...sets.map((set) => related('same-way', say('{0} point the same way', listed(set.map(name))), between(set))),
      ...some(
        sameWay.filter((pair) => !isInOne(pair)),
        (pair) => related('same-way', say('{0} and {1} point the same way', name(pair.i), name(pair.j)), [pair]),
        (rest) => related('same-way', say('{0} more pairs point the same way', integer(rest.length)), rest),
      ),
      ...some(
        opposite,
        (pair) => related('opposite-ways', say('{0} and {1} point opposite ways', name(pair.i), name(pair.j)), [pair]),
        (rest) => related('opposite-ways', say('{0} more pairs point opposite ways', integer(rest.length)), rest),
      ),
    ],
    strangers(apart, runs.length, name),
  ]);
}

/** Of many runs so many pairs are named, the rest is counted. */
const NAMED = 4;
function some(
  pairs: readonly Pair[],
  one: (pair: Pair) => Clause,
  counted: (rest: readonly Pair[]) => Clause,
): Clause[] {
  if (pairs.length <= NAMED) return pairs.map(one);
  return [...pairs.slice(0, NAMED - 1).map(one), counted(pairs.slice(NAMED - 1))];
}

/** Sets of two and more runs of which every two are among these pairs, each run in one at most: the first ones first. */
function groups(pairs: readonly Pair[], runs: number): number[][] {
  const isPair = (one: number, other: number): boolean =>
    pairs.some(({ i, j }) => i === Math.min(one, other) && j === Math.max(one, other));
  const sets: number[][] = [];
  for (let run = 0; run < runs; run++) {
    const set = sets.find((others) => others.every((other) => isPair(run, other)));
    if (set) set.push(run);
    else sets.push([run]);
  }
  return sets.filter(({ length }) => length > 1);
}

function related(code: string, text: Text, pairs: readonly Pair[]): Clause {
  const span = (value: (pair: Pair) => number, write: (value: number) => string): Word => {
    const [low, high] = [write(least(pairs.map(value))), write(greatest(pairs.map(value)))];
    return low === high ? low : say('{0} to {1}', low, high);
  };
  const [first] = pairs;
  return clause({
    code,
    kind: 'finding',
    text,
    value: say(
      'cosine {0}, signs agree in {1}',
      span(
        ({ updateCosine }) => updateCosine,
        (value) => num(value, 2),
      ),
      span(
        ({ signAgreement }) => signAgreement,
        (value) => percent(value, 2),
      ),
    ),
    noise: say('independent 0 and {0}', percent(0.5, 2)),
    tab: 'agree',
    figure: null,
    runs: first ? [first.i, first.j] : null,
  });
}

function sizes(runs: Runs['runs']): Clause[] {
  const sorted = [...runs].sort((a, b) => a.relativeUpdate - b.relativeUpdate);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || least === most || least.relativeUpdate === 0) return [];
  const factor = most.relativeUpdate / least.relativeUpdate;
  return [
    clause({
      code: 'run-sizes',
      kind: 'size',
      text:
        factor < ALIKE
          ? say('the runs moved about equally far')
          : say('{0} moved about {1} as far as {2}', visible(most.name), foldWord(factor), visible(least.name)),
      value: listed(runs.map((run) => say('{0} {1}', visible(run.name), percent(run.relativeUpdate, 2)))),
      tab: 'size',
      figure: 'relativeUpdate',
    }),
  ];
}

/** Runs that share no direction with any other, and the pairs of the rest that share none: the absence of a finding. */
function strangers(apart: readonly Pair[], runs: number, name: (at: number) => string): Clause[] {
  const said = (text: Text, pairs: readonly Pair[]): Clause =>
    clause({
      code: 'no-direction-shared',
      kind: 'quiet',
      text,
      value: say('cosine {0}', listed(pairs.map(({ updateCosine }) => num(updateCosine, 2)))),
      noise: say('independent 0'),
      tab: 'agree',
      figure: null,
      ...(pairs.length === 1 && pairs[0] ? { runs: [pairs[0].i, pairs[0].j] as const } : {}),
    });
  if (apart.length === 0) return [];
  if (apart.length === (runs * (runs - 1)) / 2) return [said(say('the runs share no direction'), apart)];
  const of = (run: number): Pair[] => apart.filter(({ i, j }) => i === run || j === run);
  const lone = Array.from({ length: runs }, (_, run) => run).filter((run) => of(run).length === runs - 1);
  const rest = apart.filter(({ i, j }) => !lone.includes(i) && !lone.includes(j));
  return [
    ...lone.map((run) => said(say('{0} shares no direction with the others', name(run)), of(run))),
    ...some(
      rest,
      (pair) => said(say('{0} and {1} share no direction', name(pair.i), name(pair.j)), [pair]),
      (more) => said(say('{0} more pairs share no direction', integer(more.length)), more),
    ),
  ];
}
