/** compare_checkpoints: the model's figures beside what noise gives, then one row a tensor. */
import type { Answer } from '../answer/clause.ts';
import { answerText } from '../answer/render.ts';
import { columnsOf } from '../metrics/catalog.ts';
import { coverageSaid, coverageWarning, isPartial, pairingNotes } from '../metrics/coverage.ts';
import { LARGEST_ANGLE, OFF_ENERGY, OFF_MASK, SHIFT, toldOf, type Headline, type Told } from '../metrics/headlines.ts';
import { lineageWarning } from '../metrics/lineage.ts';
import { quantisationSaid } from '../metrics/quantisation.ts';
import { english } from '../protocol/say.ts';
import { energySaid, maskSaid } from '../metrics/verdict.ts';
import type { ComparisonPlan, Coverage } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { DEFAULT_PARAMETERS, type ComparisonSummary, type ComparisonTensor } from '../protocol/results.ts';
import { Accumulator, hasSpectra } from '../results/accumulator.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { admittedFacts, admittedPath } from './admission.ts';
import { sentenceForModel, visible } from '../text/show.ts';
import { fitted } from './budget.ts';
import { COMPARE_SORTS } from './definitions.ts';
import type { ToolContext } from './engine.ts';
import { problemText, unreadShards } from './facts.ts';
import { ToolInput } from './input.ts';
import { MAX_UNASKED_FLOPS } from './limits.ts';
import { bytes, DATA_NOTE, figure, inUnit, percent, plural, quoted, shape } from './text.ts';

const KNOWN = ['base', 'tuned', 'tensors', 'spectra', 'twin', 'sortBy', 'allowLong', 'offset', 'maxTokens'];
const NAMES_SHOWN = 3;

/** Throws bad-parameter, bad-file (nothing pairs), read-failed and cancelled. */
export async function compareCheckpoints(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, KNOWN);
  const base = await admittedPath(input.required('base'), context);
  const tuned = await admittedPath(input.required('tuned'), context);
  const spectra = input.flag('spectra', true);
  const twin = input.flag('twin', false);
  const sort = input.choice('sortBy', COMPARE_SORTS, 'relativeUpdate');
  const allowLong = input.flag('allowLong', false);
  const offset = input.whole('offset') ?? 0;
  const parameters = { ...DEFAULT_PARAMETERS, tensors: input.text('tensors') ?? null, spectra, twin };
  const unread = unreadShards(await admittedFacts(base, context), await admittedFacts(tuned, context));
  const found = new Accumulator(false);
  // Leaving the loop does not end the engine's work everywhere; the signal does.
  const abort = new AbortController();
  const signal = AbortSignal.any([context.signal, abort.signal]);
  try {
    for await (const event of context.engine.compare(
      { runId: `assistant ${base} ${tuned}`, base, tuned, parameters },
      signal,
    )) {
      if (event.type === 'plan') refuse(event.plan, base, tuned, spectra && !allowLong);
      found.add(event);
    }
  } finally {
    abort.abort();
  }
  const { plan } = found;
  const summary = found.summary();
  const coverage = found.coverage();
  if (!plan || !summary || !coverage) throw new OffaxisError('bug', 'The comparison ended without a plan.');
  const tensors = [...found.tensors.values()];
  const rows = sorted(tensors, sort).map(tensorRow).slice(offset);
  return fitted(
    {
      head: [
        ...answerLine(found.answer(summary)),
        ...headLines(base, tuned, plan, coverage, summary, tensors.filter(hasSpectra), unread),
        DATA_NOTE,
      ],
      rowsHead: [
        `Tensors, ${sort === 'file' ? 'as stored' : `largest ${sort} first`}${offset ? `, from row ${offset} on` : ''}:`,
      ],
      rows,
      more: (shown) =>
        `${rows.length - shown} more tensors are left out. Ask with offset ${offset + shown} to go on, with another sortBy, or narrow it with tensors.`,
    },
    context.budget(input.tokens),
  );
}

/** Names in it are the file's, so it is quoted as a sentence that holds them. */
const MAX_ANSWER = 4000;
function answerLine(answer: Answer | null): string[] {
  const text = answer ? answerText(answer) : '';
  return text ? [`In short: ${sentenceForModel(text, MAX_ANSWER)}`] : [];
}

function refuse(plan: ComparisonPlan, base: string, tuned: string, limitFlops: boolean): void {
  refuseUnpaired(plan, quoted(base), quoted(tuned));
  const { flops, matrices, bytesToRead } = plan.cost;
  if (limitFlops && flops > MAX_UNASKED_FLOPS)
    throw new OffaxisError(
      'bad-parameter',
      `Spectra of ${matrices} pairs take about ${figure(flops, 2)} floating-point operations, minutes to hours, and ${bytes(bytesToRead)} are read. Narrow them with tensors, set spectra to false, or set allowLong to true.`,
    );
}

function headLines(
  base: string,
  tuned: string,
  plan: ComparisonPlan,
  coverage: Coverage,
  s: ComparisonSummary,
  matrices: readonly ComparisonTensor[],
  unread: ReadonlySet<string>,
): string[] {
  const warning = lineageWarning(s.lineage);
  const missing = coverageWarning(coverage, percent, visible);
  const of = isPartial(s.coverage) ? ` compared, ${percent(s.coverage)} of the base's` : '';
  const lines = [
    `Base ${quoted(base)}, tuned ${quoted(tuned)}: ${plural(s.weights, 'weight')} in ${plural(plan.pairs.length, 'tensor')} compared; ${english(coverageSaid(coverage, percent))}.`,
    ...(missing ? [`Warning: ${english(missing)}`] : []),
    ...pairingNotes(plan.problems).map(({ message }) => `Note: ${sentenceForModel(message)}`),
    ...(warning ? [`Warning: ${english(warning)} Median cosine ${figure(s.lineage.cosine, 3)}.`] : []),
    ...(s.quantisation ? [`${english(quantisationSaid(s.quantisation))}.`] : []),
    `Unchanged in bf16: ${percent(s.unchangedBf16)} of the weights${of} (storage rounding hides small updates; no noise to hold it against).`,
    `Relative update of the model${of}, energy-weighted: ${percent(s.model.relativeUpdate)}.`,
  ];
  const { done, planned } = s.matrices;
  if (done > 0) {
    const metrics = matrices.map((tensor) => tensor.metrics);
    const [shift, angle, mask, energy] = [SHIFT, LARGEST_ANGLE, OFF_MASK, OFF_ENERGY].map((headline) =>
      inWords(headline, toldOf(headline, metrics)),
    ) as [Words, Words, Words, Words];
    lines.push(
      `Means over ${done} of ${planned} block matrices: relative update ${percent(s.metrics['relativeUpdate']?.mean)}, spectral shift NSS ${shift.value} (at most the relative update${shift.noise}), largest principal angle ${angle.value} (Wedin's bound says nothing for ${s.wedinVacuous}${angle.noise}).`,
      `Off-principal alignment, mask view: ${mask.value} against ${mask.beside} from rounding alone${mask.noise}; ${s.maskVerdicts.off} matrices off-principal, ${s.maskVerdicts.on} on-principal, ${s.maskVerdicts.noise} like noise.`,
      `Off-principal alignment, energy view: ${energy.value} against ${energy.beside} for an isotropic update${energy.noise}. The two views can disagree.`,
    );
  }
  if (s.failed.length)
    lines.push(
      `Failed: ${s.failed
        .slice(0, NAMES_SHOWN)
        .map(({ error }) => sentenceForModel(error.message))
        .join(' ')}${s.failed.length > NAMES_SHOWN ? ` and ${s.failed.length - NAMES_SHOWN} more` : ''}`,
    );
  const { baseOnly, tunedOnly } = plan.unpaired;
  if (baseOnly.length) lines.push(`Only in the base: ${some(baseOnly)}.`);
  if (tunedOnly.length) lines.push(`Only in the tuned: ${some(tunedOnly)}.`);
  if (plan.skipped.length)
    lines.push(`Left out: ${some(plan.skipped.map(({ name }) => name))}, as ${visible(plan.skipped[0]?.reason ?? '')}`);
  for (const problem of plan.problems.filter(({ severity }) => severity !== 'info').slice(0, NAMES_SHOWN))
    lines.push(`${problem.severity}: ${problemText(problem, unread)}`);
  return lines;
}
function some(names: readonly string[]): string {
  const rest = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).map(quoted).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Figures of a headline as texts. */
interface Words {
  value: string;
  /** the first of what it stands beside; empty if it has none */
  beside: string;
  /** ", noise of the same size 3 %", empty without a twin */
  noise: string;
}
function inWords({ unit }: Headline, { value, beside: [reference], twin }: Told): Words {
  return {
    value: inUnit(unit, value),
    beside: reference === undefined ? '' : inUnit(unit, reference),
    noise: twin === null ? '' : `, noise of the same size ${inUnit(unit, twin)}`,
  };
}

const COLUMNS = columnsOf('change', 'update');
/** "NSS 0.4 % (at most 0.7 %)": a figure beside its limit or its noise. */
function columnText({ id, column, unit, beside }: (typeof COLUMNS)[number], m: ComparisonTensor['metrics']): string {
  const text = `${column} ${inUnit(unit, m[id])}`;
  if (!beside) return text;
  const reference = m[beside.id as keyof typeof m] as number | null | undefined;
  const noise = m.twin ? `, noise of the same size ${inUnit(unit, m.twin[id])}` : '';
  return `${text} (${beside.as === 'limit' ? 'at most' : beside.as} ${inUnit(unit, reference)}${noise})`;
}
function tensorRow({ name, shape: sides, metrics: m, flags }: ComparisonTensor): string {
  const parts = [
    shape(sides),
    ...COLUMNS.filter(({ id }) => m[id] !== undefined).map((column) => columnText(column, m)),
  ];
  if (m.nss !== undefined) {
    const [angle, mask, energy] = [LARGEST_ANGLE, OFF_MASK, OFF_ENERGY].map((headline) =>
      inWords(headline, toldOf(headline, [m])),
    ) as [Words, Words, Words];
    parts.push(
      `angle ${angle.value}${m.wedinVacuous ? ' (bound vacuous)' : ''}${angle.noise}`,
      `off-principal ${mask.value} (rounding noise ${mask.beside}${mask.noise}, z ${figure(m.principalZ, 3)}: ${english(maskSaid(m).words.word)})`,
      `energy ${energy.value} (isotropic ${energy.beside}${energy.noise}: ${english(energySaid(m).words.word)})`,
    );
  }
  if (flags.length) parts.push(`flags: ${flags.join(', ')}`);
  return `${quoted(name)}: ${parts.join(', ')}`;
}

function sorted(tensors: ComparisonTensor[], sort: (typeof COMPARE_SORTS)[number]): ComparisonTensor[] {
  if (sort === 'file') return tensors;
  const key = ({ metrics: m }: ComparisonTensor): number | null => {
    switch (sort) {
      case 'relativeUpdate':
        return m.relativeUpdate;
      case 'nss':
        return m.nss ?? null;
      case 'angle':
        return LARGEST_ANGLE.of(m);
      case 'offPrincipal':
        return OFF_MASK.of(m);
      case 'unchanged':
        return m.unchangedBf16;
    }
  };
  return tensors.sort((a, b) => (key(b) ?? -Infinity) - (key(a) ?? -Infinity) || 0);
}
