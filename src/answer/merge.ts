/** What merging an adapter into its base would lose. */
import { say } from '../protocol/say.ts';
import { percent } from '../protocol/format.ts';
import { clause, type Clause } from './clause.ts';
import { middle } from './noise.ts';
import { gridWord } from './size.ts';
import { namesOf, type Subject } from './subject.ts';

/** A share of the energy that is as good as none. */
const NO_ENERGY = 1e-5;

export function mergeClauses({ adapter, live }: Subject): Clause[] {
  if (adapter === null) return [];
  const share = middle(live, ({ metrics }) => metrics.hiddenShare);
  const energy = middle(live, ({ metrics }) => metrics.hiddenEnergy);
  if (share === null || energy === null) return [];
  return [
    clause({
      code: 'merge',
      kind: 'size',
      text: say('merged to {0}, {1} of the touched weights would not move', gridWord(live), percent(share, 2)),
      value:
        energy < NO_ENERGY
          ? say("under {0} of the update's energy", percent(NO_ENERGY, 1))
          : say("{0} of the update's energy", percent(energy, 1)),
      tab: 'size',
      figure: 'hiddenShare',
      matrices: namesOf(live),
    }),
  ];
}
