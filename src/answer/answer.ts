/**
 * What two checkpoints say, in a few sentences: how much changed, where in depth, where it points, whether the spectrum moved, and last
 * what is like noise. Every clause stands beside its figure and what noise gives; nothing that does not clear its noise is stated as a
 * finding. One generator for the page, the command line, the assistant and hovers. Pure.
 */
import { say, type Text } from '../protocol/say.ts';
import { integer, times } from '../protocol/format.ts';
import { amountClauses } from './amount.ts';
import { answerOf, clause, type Answer, type Clause } from './clause.ts';
import { concentrationClauses, depthOf, inDepth, spreadClauses, type Depth } from './depth.ts';
import { directionClauses } from './direction.ts';
import { expertClauses, movedExperts } from './experts.ts';
import { guard } from './guard.ts';
import { maskClauses } from './mask.ts';
import { mergeClauses } from './merge.ts';
import { middle, noiseTimesRandom, shiftOverNoise, timesRandom } from './noise.ts';
import { spectrumClauses } from './spectrum.ts';
import { subjectOf, type Compared, type Subject } from './subject.ts';

/** Empty until every tensor's change is known. */
export function answerTo(compared: Compared): Answer {
  const subject = subjectOf(compared);
  if (!subject.isChangeKnown) return answerOf([]);
  const alone = guard(subject);
  if (alone) return alone;
  const depth = depthOf(subject);
  const moved = movedExperts(subject);
  const opening = openingSentences(subject, depth, expertClauses(moved));
  const { done, planned } = subject.spectra;
  if (planned === 0) return answerOf(opening, [say('Direction and spectrum were not computed.')]);
  if (done < planned) return answerOf(opening, [soFar(subject)]);
  const direction = directionClauses(subject, depth, moved);
  const mask = maskClauses(subject);
  // of some matrices alone it would be an answer to another question
  const spectrum = subject.isLeading ? [] : spectrumClauses(subject, depth, moved);
  const findings = [...direction, ...spectrum].some(({ kind }) => kind === 'finding');
  const nothing = findings ? null : allLikeNoise(subject, depth, direction);
  const said = [
    ...(nothing ? [nothing, ...direction.filter(({ code }) => code !== 'direction-noise')] : direction),
    ...mask,
  ];
  const isQuiet = ({ kind }: Clause): boolean => kind === 'quiet';
  return answerOf(
    [...opening, said.filter((one) => !isQuiet(one)), [...spectrum, ...mergeClauses(subject)], said.filter(isQuiet)],
    openQuestions(subject),
  );
}

/** How many matrices have what is being computed. */
function soFar({ spectra: { done, planned }, isLeading }: Subject): Text {
  return isLeading
    ? say('Where it points: {0} of {1} matrices so far.', integer(done), integer(planned))
    : say('Direction and spectrum: {0} of {1} matrices so far.', integer(done), integer(planned));
}

/** What the clauses leave open, with what it needs. */
function openQuestions({ hasTwin, live, isLeading, spectra: { whole, planned } }: Subject): Text[] {
  if (isLeading)
    return live.some(({ metrics }) => metrics.nss !== undefined)
      ? [say('Spectrum: {0} of {1} matrices so far.', integer(whole), integer(planned))]
      : [say('Whether the spectrum moved and how far the main directions turned needs the whole spectra.')];
  if (hasTwin || live.length === 0) return [];
  return [say('Whether the spectrum and the main directions moved further than under noise needs the noise twin.')];
}

/** How much, and where in depth. */
function openingSentences(subject: Subject, depth: Depth, experts: readonly Clause[]): (readonly Clause[])[] {
  const amount = amountClauses(subject, depth);
  if (subject.live.length < 2) return [amount];
  if (depth.kind === 'concentrated') return [amount, concentrationClauses(depth, subject)];
  return experts.length > 0 ? [amount, experts] : [[...amount, ...spreadClauses(depth)]];
}

/**
 * In place of every "like noise"; null without a twin or a verdict on the direction, or if few directions are the adapter's nature.
 */
function allLikeNoise({ plan, live }: Subject, depth: Depth, said: readonly Clause[]): Clause | null {
  if (!said.some(({ code }) => code === 'direction-noise')) return null;
  const within = live.filter(inDepth(depth));
  const [direction, noise] = [middle(within, timesRandom), middle(within, noiseTimesRandom)];
  const shift = middle(within, shiftOverNoise);
  if (plan.tunedAdapter !== null || direction === null || noise === null || shift === null) return null;
  return clause({
    code: 'all-like-noise',
    kind: 'quiet',
    text: say('direction, rank and spectrum are like those of noise of the same size'),
    value: say('{0} of random', times(direction, 2)),
    noise: say('noise {0}; spectrum {1} of noise', times(noise, 2), times(shift, 2)),
    tab: 'where',
    figure: 'jointEnergy',
  });
}
