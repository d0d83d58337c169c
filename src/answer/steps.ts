/** The checkpoints along one run, beside a random walk of the same steps. Figures of METRICS.md, section D. */
import { say, type Text } from '../protocol/say.ts';
import { integer, num, percent } from '../protocol/format.ts';
import { answerOf, clause, type Answer, type Clause } from './clause.ts';
import type { Word } from './words.ts';

export interface Steps {
  /** step of the last checkpoint */
  lastStep: number;
  /** of the last checkpoint */
  relativeUpdate: number;
  /** of every checkpoint, over the base's norm */
  increments: readonly number[];
  pathEfficiency: number;
  pathEfficiencyWalk: number;
  rank1Variance: number;
  rank1VarianceWalk: number;
}

/** Times a walk's figure from which something is said. */
const OVER_WALK = 1.1;

export function answerToSteps(steps: Steps): Answer {
  const { lastStep, relativeUpdate, increments } = steps;
  const walked = Math.sqrt(increments.reduce((sum, increment) => sum + increment ** 2, 0));
  const grown = clause({
    code: 'grown',
    kind: 'size',
    text: say(
      "over {0} steps the update grew to {1} of the base's norm",
      integer(lastStep),
      percent(relativeUpdate, 2),
    ),
    noise: say('a random walk of the same steps: {0}', percent(walked, 2)),
    tab: 'path',
    figure: 'relativeUpdate',
  });
  const path = [
    besideWalk(
      'straightness',
      steps.pathEfficiency / steps.pathEfficiencyWalk,
      [say('its path is straighter than a random walk'), say("its path is as straight as a random walk's")],
      say('efficiency {0}', num(steps.pathEfficiency, 2)),
      say('walk {0}', num(steps.pathEfficiencyWalk, 2)),
    ),
    besideWalk(
      'one-direction',
      steps.rank1Variance / steps.rank1VarianceWalk,
      [
        say('one direction explains more of it than of a walk'),
        say("the share of it that one direction explains is like a random walk's"),
      ],
      percent(steps.rank1Variance, 2),
      say('walk {0}', percent(steps.rank1VarianceWalk, 2)),
    ),
  ];
  const isFinding = ({ kind }: Clause): boolean => kind === 'finding';
  return answerOf([[grown], path.filter(isFinding), path.filter((one) => !isFinding(one))]);
}

function besideWalk(
  code: string,
  factor: number,
  [more, alike]: readonly [more: Text, alike: Text],
  value: Word,
  noise: Text,
): Clause {
  const isMore = factor > OVER_WALK;
  return clause({
    code: isMore ? code : `${code}-of-walk`,
    kind: isMore ? 'finding' : 'quiet',
    text: isMore ? more : alike,
    value,
    noise,
    tab: 'path',
    figure: null,
  });
}
