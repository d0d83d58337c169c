/** The three questions of the page as tabs: which figures each offers, in which order, on which colours, beside what. Pure. */
import type { FigureId } from '../../src/metrics/catalog.ts';
import type { Scale } from '../../src/metrics/figure.ts';
import { say, type Text } from '../../src/protocol/say.ts';

export const TABS = ['size', 'where', 'spectrum'] as const;
export type Tab = (typeof TABS)[number];

/** Two maps beside each other on one scale: which weights changed, and where the update points. */
export const BOTH = 'views';

/** Factors over a reference have fixed ends, so that noise looks like noise. */
const OVER_RANDOM: Scale = { kind: 'log1', hi: 64 };
const OVER_NOISE: Scale = { kind: 'log1', hi: 16 };

/** What a figure stands beside, and how it is read: 1 of a factor; the size of one rounding; the limit that it can't pass. */
export type Reference = 'one' | 'rounding' | 'limit' | null;

export interface TabFigure {
  /** of the metric (metrics.ts) that it shows */
  id: string;
  name: Text;
  /** unit or reference, beside the name; null: the unit stands in the values */
  sub: Text | null;
  scale: Scale;
  /** fitted to the values, so that the ends are theirs */
  isFitted: boolean;
  reference: Reference;
  /** there before any spectrum */
  isElementwise: boolean;
  needsTwin: boolean;
  /** offered only if some matrix has a value over 0 */
  ifAny?: true;
}

type Given = Pick<TabFigure, 'id' | 'name' | 'scale'> & Partial<Omit<TabFigure, 'id' | 'name' | 'scale'>>;
const figure = (given: Given): TabFigure => ({
  sub: null,
  isFitted: false,
  reference: null,
  isElementwise: false,
  needsTwin: false,
  ...given,
});
const factor = (given: Given): TabFigure => figure({ reference: 'one', ...given });

const RELATIVE_UPDATE = figure({
  id: 'relativeUpdate',
  name: say('Relative update'),
  scale: { kind: 'log', lo: 1e-4, hi: 1 },
  isFitted: true,
  reference: 'rounding',
  isElementwise: true,
});
const SHARE_CHANGED = figure({
  id: 'updateDensity',
  name: say('Share of weights changed'),
  scale: { kind: 'lin', lo: 0, hi: 1 },
  isElementwise: true,
});
const TOO_SMALL_FOR_GRID = figure({
  id: 'hiddenShare',
  name: say('Changes too small for bf16'),
  scale: { kind: 'lin', lo: 0, hi: 1 },
  isElementwise: true,
  ifAny: true,
});
const WHERE_AND_WHICH = factor({
  id: BOTH,
  name: say('Where it points, which changed'),
  sub: say('× random direction, × rounding noise'),
  scale: OVER_RANDOM,
});
const INTO_OUTPUT = factor({
  id: 'leftRatio',
  name: say('Into the main output directions'),
  sub: say('× random direction'),
  scale: OVER_RANDOM,
});
const INTO_INPUT = factor({
  id: 'rightRatio',
  name: say('Into the main input directions'),
  sub: say('× random direction'),
  scale: OVER_RANDOM,
});
const RANK = factor({
  id: 'updateStableRankOverNoise',
  name: say('Rank of the update'),
  sub: say('stable rank, × noise'),
  scale: OVER_RANDOM,
  needsTwin: true,
});
const SHIFT = factor({
  id: 'nssOverNoise',
  name: say('Spectrum shift'),
  sub: say('× noise'),
  scale: OVER_NOISE,
  needsTwin: true,
});
const TURN = factor({
  id: 'meanAngleOverNoise',
  name: say('Turn of the main directions'),
  sub: say('mean angle, × noise'),
  scale: OVER_NOISE,
  needsTwin: true,
});
const LARGEST_ANGLE = figure({
  id: 'largestAngle',
  name: say('Largest angle'),
  scale: { kind: 'log', lo: 0.01, hi: 90, unit: '°' },
  isFitted: true,
});
const SHIFT_ABSOLUTE = figure({
  id: 'nss',
  name: say('Spectrum shift, absolute'),
  scale: { kind: 'log', lo: 1e-5, hi: 1 },
  isFitted: true,
  reference: 'limit',
});

interface TabSpec {
  question: Text;
  /** the default first: that one is always there */
  figures: readonly [TabFigure, ...TabFigure[]];
  /** the default if noise of the same size is not computed, if that is another one */
  withoutTwin?: TabFigure;
}
const SPECS: Readonly<Record<Tab, TabSpec>> = {
  size: { question: say('How much?'), figures: [RELATIVE_UPDATE, SHARE_CHANGED, TOO_SMALL_FOR_GRID] },
  where: { question: say('Where does it point?'), figures: [WHERE_AND_WHICH, INTO_OUTPUT, INTO_INPUT, RANK] },
  spectrum: {
    question: say('Did the spectrum move?'),
    figures: [SHIFT, TURN, LARGEST_ANGLE, SHIFT_ABSOLUTE],
    withoutTwin: SHIFT_ABSOLUTE,
  },
};

/** What decides which figures there are. */
export interface Known {
  hasTwin: boolean;
  /** some change is too small for the grid */
  hasHidden: boolean;
}

export const questionOf = (tab: Tab): Text => SPECS[tab].question;
/** The figures that a tab offers, its default first. */
export function figuresOfTab(tab: Tab, { hasTwin, hasHidden }: Known): TabFigure[] {
  const { figures, withoutTwin } = SPECS[tab];
  const offered = figures.filter(({ needsTwin, ifAny }) => (hasTwin || !needsTwin) && (hasHidden || !ifAny));
  if (hasTwin || !withoutTwin) return offered;
  return [withoutTwin, ...offered.filter((one) => one !== withoutTwin)];
}
/** The figure of these that is shown: the one that was chosen, or the first. */
export function figureOfTab(tab: Tab, chosen: string | null, known: Known): TabFigure {
  const offered = figuresOfTab(tab, known);
  return offered.find(({ id }) => id === chosen) ?? offered[0] ?? SPECS[tab].figures[0];
}
/** The next or previous of those that a tab offers, around its ends. */
export function stepFigure(tab: Tab, chosen: string | null, by: 1 | -1, known: Known): string {
  const offered = figuresOfTab(tab, known);
  const at = offered.findIndex(({ id }) => id === chosen);
  return (offered[(Math.max(at, 0) + by + offered.length) % offered.length] ?? SPECS[tab].figures[0]).id;
}

/** Which figure of a tab shows what a clause of the answer rests on; null: the tab's default. */
const SHOWN: Partial<Record<FigureId, { withTwin: string; without: string }>> = {
  relativeUpdate: { withTwin: RELATIVE_UPDATE.id, without: RELATIVE_UPDATE.id },
  updateDensity: { withTwin: SHARE_CHANGED.id, without: SHARE_CHANGED.id },
  hiddenShare: { withTwin: TOO_SMALL_FOR_GRID.id, without: TOO_SMALL_FOR_GRID.id },
  jointEnergy: { withTwin: BOTH, without: BOTH },
  principalOverlap: { withTwin: BOTH, without: BOTH },
  updateStableRank: { withTwin: RANK.id, without: BOTH },
  nss: { withTwin: SHIFT.id, without: SHIFT_ABSOLUTE.id },
  angleUMean: { withTwin: TURN.id, without: LARGEST_ANGLE.id },
  angleUMax: { withTwin: LARGEST_ANGLE.id, without: LARGEST_ANGLE.id },
};
export function figureOfClause(id: FigureId | null, { hasTwin }: Pick<Known, 'hasTwin'>): string | null {
  const shown = id === null ? undefined : SHOWN[id];
  return shown ? (hasTwin ? shown.withTwin : shown.without) : null;
}
