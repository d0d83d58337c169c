/** Where the update points, and how few directions carry it: modules of which the same is said share a clause. */
import { say, type Text } from '../protocol/say.ts';
import { num, times } from '../protocol/format.ts';
import { pushTo } from '../protocol/lists.ts';
import { clause, type Clause } from './clause.ts';
import { inDepth, type Depth } from './depth.ts';
import type { MovedExperts } from './experts.ts';
import { isLowRank, middle, MOST, noiseTimesRandom, pointsTo, timesRandom } from './noise.ts';
import { namesOf, type Matrix, type Subject } from './subject.ts';
import { listed, type Word } from './words.ts';

/** In the order in which they are said. */
const VERDICTS = ['main-low', 'main', 'away-low', 'away', 'no-direction-low', 'small', 'noise'] as const;
type Verdict = (typeof VERDICTS)[number];

/** At the beginning, and once the update has been named. */
type Phrase = readonly [first: Text, later: Text];
const LIES: Phrase = [
  say("the update lies in the base's main directions"),
  say("it lies in the base's main directions"),
];
const LIES_LOW: Phrase = [
  say("the update is low-rank and lies in the base's main directions"),
  say("it is low-rank and lies in the base's main directions"),
];
const LEANS: Phrase = [
  say("the update leans into the base's main directions"),
  say("it leans into the base's main directions"),
];
const LEANS_LOW: Phrase = [
  say("the update is low-rank and leans into the base's main directions"),
  say("it is low-rank and leans into the base's main directions"),
];
const AVOIDS: Phrase = [
  say("the update avoids the base's main directions"),
  say("it avoids the base's main directions"),
];
const AVOIDS_LOW: Phrase = [
  say("the update is low-rank and avoids the base's main directions"),
  say("it is low-rank and avoids the base's main directions"),
];
const NOWHERE_LOW: Phrase = [
  say('the update is low-rank, but in no main direction'),
  say('it is low-rank, but in no main direction'),
];
const NOISE: Phrase = [
  say('the update points like noise of the same size'),
  say('it points like noise of the same size'),
];
const RANDOM: Phrase = [say('the update points like a random direction'), say('it points like a random direction')];
/** Share of the update in the main block from which it lies there, and does not only lean that way. */
const HELD = 0.5;

interface Group {
  verdict: Verdict;
  modules: string[];
  matrices: Matrix[];
  /** the experts that moved */
  isMoved: boolean;
}

/** Findings, and what is like noise or too small to say. */
export function directionClauses(subject: Subject, depth: Depth, moved: MovedExperts): Clause[] {
  const groups = groupsOf(subject, depth, moved);
  const [last] = groups.slice(-1);
  const isElsewhere = groups.length > 1 && last?.verdict === 'noise' && !last.isMoved ? last : null;
  const where = (group: Group): Word | null => {
    if (group.isMoved) return say('in the experts that moved');
    if (subject.live.length === 1) return null;
    if (group === isElsewhere) return say('elsewhere');
    if (groups.length > 1) return say('in {0}', listed(group.modules.map(subject.label)));
    if (depth.kind === 'concentrated') return say('there');
    return group.verdict === 'noise' ? null : say('everywhere');
  };
  let isNamed = false;
  return groups.map((group) => {
    if (group.verdict === 'small') return tooSmall(group, subject);
    const phrase = phraseOf(group, subject)[isNamed ? 1 : 0];
    isNamed = true;
    const place = where(group);
    return clause({
      code: `direction-${group.verdict}`,
      kind: group.verdict === 'noise' ? 'quiet' : 'finding',
      text: place === null ? phrase : say('{0} {1}', place, phrase),
      ...evidence(group),
      tab: 'where',
      figure: group.verdict === 'no-direction-low' ? 'updateStableRank' : 'jointEnergy',
      matrices: namesOf(group.matrices),
    });
  });
}

function groupsOf(subject: Subject, depth: Depth, moved: MovedExperts): Group[] {
  const within = inDepth(depth);
  const byModule = new Map<string, Matrix[]>();
  for (const matrix of subject.live) if (within(matrix) && !moved.has(matrix)) pushTo(byModule, matrix.module, matrix);
  const groups: Group[] = [];
  const add = (matrices: readonly Matrix[], module: string | null): void => {
    const verdict = verdictOf(matrices, subject);
    if (verdict === null) return;
    let group = groups.find((one) => one.verdict === verdict && one.isMoved === (module === null));
    if (!group) groups.push((group = { verdict, modules: [], matrices: [], isMoved: module === null }));
    if (module !== null) group.modules.push(module);
    for (const matrix of matrices) group.matrices.push(matrix);
  };
  add(subject.live.filter(moved.has), null);
  for (const module of subject.modules) add(byModule.get(module) ?? [], module);
  // stable: what is said of the experts that moved stands before the same of others
  return groups.sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
}

/** Three quarters of the matrices have to say so, each by its own rule; null if none has an energy. */
function verdictOf(matrices: readonly Matrix[], { plan }: Subject): Verdict | null {
  const said = matrices.map(pointsTo).filter((verdict) => verdict !== 'none');
  if (said.length === 0) return null;
  if (said.every((verdict) => verdict === 'small')) return 'small';
  const most = (side: 'on' | 'off'): boolean => said.filter((verdict) => verdict === side).length >= MOST * said.length;
  // an adapter has few directions by construction
  const isLow = plan.tunedAdapter === null && isLowRank(matrices);
  if (most('on')) return isLow ? 'main-low' : 'main';
  if (most('off')) return isLow ? 'away-low' : 'away';
  return isLow ? 'no-direction-low' : 'noise';
}

function phraseOf({ verdict, matrices }: Group, { hasTwin }: Subject): Phrase {
  const isHeld = (middle(matrices, ({ metrics }) => metrics.jointEnergy) ?? 0) >= HELD;
  switch (verdict) {
    case 'main-low':
      return isHeld ? LIES_LOW : LEANS_LOW;
    case 'main':
      return isHeld ? LIES : LEANS;
    case 'away-low':
      return AVOIDS_LOW;
    case 'away':
      return AVOIDS;
    case 'no-direction-low':
      return NOWHERE_LOW;
    case 'small':
    case 'noise':
      return hasTwin ? NOISE : RANDOM;
  }
}

function evidence({ verdict, matrices }: Group): Pick<Clause, 'value' | 'noise'> {
  if (verdict === 'no-direction-low') {
    const rank = middle(matrices, ({ metrics }) => metrics.updateStableRank);
    const noise = middle(matrices, ({ metrics }) => metrics.twin?.updateStableRank);
    return { value: say('stable rank {0}', num(rank, 2)), noise: say('noise {0}', num(noise, 2)) };
  }
  const noise = middle(matrices, noiseTimesRandom);
  return {
    value: say('{0} of random', times(middle(matrices, timesRandom), 2)),
    noise: noise === null ? null : say('noise {0}', times(noise, 2)),
  };
}

function tooSmall({ modules, matrices, isMoved }: Group, { label }: Subject): Clause {
  const names = isMoved ? say('the experts that moved') : listed(modules.map(label));
  const rank = middle(matrices, ({ metrics }) => metrics.maskRank) ?? 0;
  return clause({
    code: 'direction-small',
    kind: 'quiet',
    text: modules.length === 1 ? say('{0} is too small to say', names) : say('{0} are too small to say', names),
    value: rank === 1 ? say('1 main direction only') : say('{0} main directions only', num(rank, 2)),
    tab: 'where',
    figure: 'jointEnergy',
    matrices: namesOf(matrices),
  });
}
