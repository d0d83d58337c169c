/** The figures that the maps of several checkpoints offer, question by question: those of a comparison, each on a map of its own. Pure. */
import { say } from '../../src/protocol/say.ts';
import { ENERGY, MASK } from '../comparison/cells.ts';
import { metricById } from '../comparison/metrics.ts';
import type { Shown } from '../comparison/shown.ts';
import { BOTH, figuresOfTab, TABS, type Known, type Tab, type TabFigure } from '../comparison/tabs.ts';
import { tell } from '../shared/l10n.ts';

/** What a comparison shows as two maps beside each other is here one after the other: the runs stand beside each other. */
function split(both: TabFigure): TabFigure[] {
  return [
    { ...both, id: ENERGY, name: say('Where the update points'), sub: say('× random direction') },
    { ...both, id: MASK, name: say('Which weights changed'), sub: say('overlap, × rounding noise') },
  ];
}
export const figuresOf = (tab: Tab, known: Known): TabFigure[] =>
  figuresOfTab(tab, known).flatMap((figure) => (figure.id === BOTH ? split(figure) : [figure]));

export const shownOf = (figure: TabFigure): Shown => ({
  metric: metricById(figure.id),
  figure,
  name: tell(figure.name),
});
/** The figure that was chosen, or the tab's first. */
export function figureOf(tab: Tab, chosen: string | null, known: Known): Shown {
  const offered = figuresOf(tab, known);
  const [first] = offered;
  const figure = offered.find(({ id }) => id === chosen) ?? first;
  if (!figure) throw new RangeError(`the question "${tab}" has no figure`);
  return shownOf(figure);
}
/** Those of all questions, for a map over the steps. */
export const allFigures = (known: Known): TabFigure[] => TABS.flatMap((tab) => figuresOf(tab, known));
/** The next or previous of these ids, around their ends. */
export function nextId(ids: readonly string[], id: string, by: 1 | -1): string {
  const at = ids.indexOf(id);
  return ids[(Math.max(at, 0) + by + ids.length) % ids.length] ?? id;
}
