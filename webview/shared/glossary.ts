/**
 * The words of the pages that not every reader knows: one sentence each, a small picture, and where METRICS.md defines the figure. The
 * one home of these texts; `<ox-term>` (term.ts) shows them.
 */
import { say, type Text } from '../../src/protocol/say.ts';

/** Headings of METRICS.md, as they stand there; a test holds them to it. */
const HEADING = {
  one: 'A. One checkpoint',
  two: 'B. Two checkpoints: what training did',
  noise: 'The rounding nulls',
  twin: 'The noise twin',
  runs: 'Runs (two tuned checkpoints i, j, and N of them)',
  path: 'Along a run (checkpoints W_1 .. W_T of one run at steps t, W_0 the base at step 0)',
} as const;

export interface Term {
  name: Text;
  /** one plain sentence */
  sentence: Text;
  /** of METRICS.md: where it is defined */
  heading: string;
  /** ids of the catalog's figures that this explains */
  figures: readonly string[];
}
const term = (name: Text, sentence: Text, heading: string, ...figures: string[]): Term => ({
  name,
  sentence,
  heading,
  figures,
});

export const TERMS = {
  relativeUpdate: term(
    say('Relative update'),
    say('How large the change is beside the base: the length of the difference over the length of the base weights.'),
    HEADING.two,
    'relativeUpdate',
  ),
  rounding: term(
    say('One rounding'),
    say(
      'What storing the base once more from wider weights would change; an update below it can be nothing but rounding.',
    ),
    HEADING.two,
    'roundingFloor',
  ),
  changed: term(
    say('Share of weights changed'),
    say('Weights whose stored value differs; a change too small for the storage type leaves no trace.'),
    HEADING.two,
    'updateDensity',
  ),
  hidden: term(
    say('Changes too small for bf16'),
    say('What the wider weights have learnt that bf16 would not show.'),
    HEADING.two,
    'hiddenShare',
    'hiddenEnergy',
  ),
  whichChanged: term(
    say('Which weights changed'),
    say(
      'Do the changed weights lie among the main entries, where the base’s main directions are large? Rounding noise avoids large weights too, so it stands beside.',
    ),
    HEADING.two,
    ...['principalOverlap', 'lowOverlap', 'principalNotLowOverlap'],
    ...['principalPosition', 'lowPosition', 'principalNotLowPosition'],
  ),
  direction: term(
    say('Where the update points'),
    say(
      'The share of the update that lies among the base’s main directions, over what a random direction would have there.',
    ),
    HEADING.two,
    ...['jointEnergy', 'leftEnergy', 'rightEnergy'],
  ),
  random: term(
    say('× random direction'),
    say('1 is what a random direction gives; 50 means fifty times that share.'),
    HEADING.two,
    ...['jointEnergyBaseline', 'leftEnergyBaseline', 'rightEnergyBaseline'],
  ),
  noise: term(
    say('Like rounding noise'),
    say('What rounding alone gives at this share of changed weights.'),
    HEADING.noise,
    ...['principalNull', 'principalNullStep', 'principalNullProportional'],
  ),
  twin: term(
    say('Noise of the same size'),
    say(
      'The base plus random noise as large as this update, stored the same way; every figure is computed for it too.',
    ),
    HEADING.twin,
  ),
  updateRank: term(
    say('Rank of the update'),
    say(
      'How many directions carry the update (its stable rank); rounding raises it, so read it beside noise of the same size.',
    ),
    HEADING.two,
    'updateStableRank',
  ),
  spectrumShift: term(
    say('Spectrum shift'),
    say('How far the singular values moved, over their length; never more than the relative update.'),
    HEADING.two,
    'nss',
  ),
  turn: term(
    say('Turn of the main directions'),
    say('The angle between the base’s main directions and the tuned ones.'),
    HEADING.two,
    ...['angleUMax', 'angleUMean', 'angleVMax', 'angleVMean'],
  ),
  range: term(
    say('Possible range'),
    say('What the overlap could be at all with this many weights changed.'),
    HEADING.two,
    ...['principalRange', 'lowRange', 'principalNotLowRange'],
  ),
  tooSmall: term(
    say('Too small to say'),
    say(
      'So few directions that noise alone swings by more than a factor of two: the value is hatched, and no finding is made of it.',
    ),
    HEADING.two,
  ),
  states: term(
    say('Cells without a value'),
    say(
      'Every state has its own sign: n/a not defined, NaN not finite, – missing, ≠ another shape, ! failed, = unchanged.',
    ),
    HEADING.two,
  ),
  common: term(
    say('Weights in common'),
    say(
      'Of the weights that either run changed, the share that both did; beside it what rounding noise and plain chance give.',
    ),
    HEADING.runs,
    'jaccard',
  ),
  sameWay: term(
    say('Same way'),
    say('The cosine between two updates: 1 is the same direction, 0 unrelated, -1 the opposite one.'),
    HEADING.runs,
    'updateCosine',
  ),
  signs: term(
    say('Signs agree'),
    say('Of the weights that both runs changed, the share that moved to the same side; chance gives half.'),
    HEADING.runs,
    'signAgreement',
  ),
  consensus: term(
    say('Changed by how many runs'),
    say('How many weights no run, one run or several runs changed, beside what independent runs would give.'),
    HEADING.runs,
    'consensus',
  ),
  straightness: term(
    say('Straightness'),
    say('The distance covered at the end over the length of the way; beside it a random walk of the same steps.'),
    HEADING.path,
    'pathEfficiency',
  ),
  oneDirection: term(
    say('One direction explains'),
    say('How much of the whole path a single direction explains; a random walk gives a lot too, so it stands beside.'),
    HEADING.path,
    ...['rank1Variance', 'rank1R2'],
  ),
  stableRank: term(
    say('Stable rank'),
    say('How many directions carry the matrix: its energy over that of the largest singular value.'),
    HEADING.one,
    'stableRank',
  ),
  noiseEdge: term(
    say('Edge of noise'),
    say(
      'The largest singular value that pure noise of this variance would have (Marchenko–Pastur); values above it carry structure.',
    ),
    HEADING.one,
    ...['outlierCount', 'mpSoftRank'],
  ),
  powerLaw: term(
    say('Power-law fit'),
    say('A straight line in this plot: its exponent says how heavy the tail of large singular values is.'),
    HEADING.one,
    ...['powerLawAlpha', 'powerLawD', 'alphaHat'],
  ),
} as const satisfies Readonly<Record<string, Term>>;

export type TermId = keyof typeof TERMS;
export const TERM_IDS = Object.keys(TERMS) as readonly TermId[];
export const isTerm = (id: string): id is TermId => Object.hasOwn(TERMS, id);

/** The term that explains a figure of the catalog, if one does. */
export const termOf = (figure: string): TermId | undefined => TERM_IDS.find((id) => figuresOf(id).includes(figure));
const figuresOf = (id: TermId): readonly string[] => TERMS[id].figures;
