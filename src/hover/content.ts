/** What a hover says, as Markdown. Everything is given: facts of the header, and results that are there already. */
import { bytes, count, integer, inUnit, percent } from '../protocol/format.ts';
import type { ComparisonTensor } from '../protocol/results.ts';
import { answerToPart } from '../results/accumulator.ts';
import type { CheckpointFacts, TensorRow, TensorSpectrum, TensorStatistics } from '../protocol/engine.ts';
import { sentencesOf } from '../answer/render.ts';
import { columnsOf } from '../metrics/catalog.ts';
import type { AnyFigure } from '../metrics/figure.ts';
import { LARGEST_ANGLE } from '../metrics/headlines.ts';
import { lineageOfTensors, lineageWarning } from '../metrics/lineage.ts';
import { translatedIn, type Text } from '../protocol/say.ts';
import { alignmentFigures, type Tally } from './figures.ts';
import { comparedParts, type KnownComparison, type KnownResults } from './known.ts';
import { commandLink, plain, table } from './markdown.ts';
import type { Match } from './match.ts';
import { imageMarkdown, sparkline, type Ink } from './sparkline.ts';
import { elementCount } from '../protocol/lists.ts';

export const OPEN_TENSOR = 'offaxis.openTensor';
export const SHOW_IN_COMPARISON = 'offaxis.showInComparison';

/** `vscode.l10n`, or what a test puts in its place. */
export interface Strings {
  t(message: string, ...args: (string | number)[]): string;
}
export interface HoverContext {
  l10n: Strings;
  known: KnownResults;
  ink: Ink;
}
/** Characters of what a comparison says in short. */
const MAX_ANSWER = 4000;
/** Spectra drawn for one tensor: parts of a fused one. */
const PICTURES = 3;

export function tensorHover(facts: CheckpointFacts, match: Match, context: HoverContext): string {
  const rows = match.kind === 'tensor' ? [match.row] : match.rows;
  const first = rows[0];
  if (!first) return '';
  const { l10n, known } = context;
  // a comparison names a quantised weight as the model does
  const names = rows.map(({ name, quantised }) => quantised?.weight ?? name);
  const comparisons = known
    .comparisons()
    .filter((comparison) => comparedParts(comparison, names).length > 0)
    // the checkpoint's own comparison before others that share its names
    .sort((a, b) => Number(isOf(b, facts)) - Number(isOf(a, facts)));
  const comparison = comparisons[0];
  const links = [
    commandLink(l10n.t('Open in Inspector'), OPEN_TENSOR, facts.path, first.name),
    ...(comparison
      ? [
          commandLink(
            l10n.t('Show in Comparison'),
            SHOW_IN_COMPARISON,
            comparison.base,
            comparison.tuned,
            comparedParts(comparison, names)[0]?.name ?? first.name,
          ),
        ]
      : []),
  ];
  return [
    match.kind === 'tensor' ? rowFacts(first, l10n) : groupFacts(rows, l10n),
    // first, because the rest may be longer than the hover
    links.join(' &nbsp; '),
    ...(match.kind === 'tensor' ? computed(facts, first, context) : []),
    ...(comparison ? [compared(comparison, names, context)] : []),
  ]
    .filter(Boolean)
    .join('\n\n');
}
const isOf = ({ base, tuned }: KnownComparison, { path }: CheckpointFacts): boolean => base === path || tuned === path;

function rowFacts(row: TensorRow, l10n: Strings): string {
  const facts = [
    row.layer === null ? plain(row.module) : l10n.t('layer {0}, {1}', row.layer, plain(row.module)),
    `${plain(row.quantised?.kind ?? row.dtype)} ${shapeText(row.shape)}`,
    bytes(row.sizeBytes),
    row.missing ? l10n.t('its shard {0} is missing', plain(row.file)) : plain(row.file),
  ];
  return `**${plain(row.name)}**\n\n${facts.join(' &middot; ')}`;
}
const shapeText = (shape: readonly number[]): string => (shape.length ? shape.map(integer).join(' × ') : 'scalar');

function groupFacts(rows: readonly TensorRow[], l10n: Strings): string {
  const layers = new Set(rows.flatMap(({ layer }) => (layer === null ? [] : [layer])));
  const shapes = [...new Set(rows.map(({ dtype, shape }) => `${plain(dtype)} ${shapeText(shape)}`))];
  const size = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parameters = rows.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const head =
    layers.size > 1
      ? l10n.t('{0} tensors in {1} layers', integer(rows.length), integer(layers.size))
      : rows.length === 1
        ? plain(rows[0]?.name ?? '')
        : l10n.t('{0} tensors', integer(rows.length));
  const facts = [
    shapes.length <= 2 ? shapes.join(', ') : l10n.t('{0} shapes', shapes.length),
    l10n.t('{0} weights', count(parameters)),
    bytes(size),
  ];
  return `**${head}**\n\n${facts.join(' &middot; ')}`;
}

/** Statistics and spectra of one tensor, as far as an inspector has them. */
function computed(facts: CheckpointFacts, row: TensorRow, { l10n, known, ink }: HoverContext): string[] {
  const checkpoint = known.checkpoints().find(({ path }) => path === facts.path);
  const statistics = checkpoint?.statistics.get(row.name);
  const spectra = checkpoint ? [...checkpoint.spectra.values()].filter(({ tensor }) => tensor === row.name) : [];
  return [
    ...(statistics ? [statisticsText(statistics, l10n)] : []),
    ...spectra.slice(0, PICTURES).map((spectrum) => spectrumText(spectrum, row, l10n, ink)),
    ...(spectra.length > PICTURES ? [l10n.t('and {0} more matrices', spectra.length - PICTURES)] : []),
  ];
}

const STATISTICS = columnsOf('elements');
const SPECTRA = columnsOf('spectrum');

function statisticsText({ stats }: TensorStatistics, l10n: Strings): string {
  const rest = [
    ...(stats.nan ? [l10n.t('{0} NaN', integer(stats.nan))] : []),
    ...(stats.inf ? [l10n.t('{0} infinite', integer(stats.inf))] : []),
  ];
  return [...STATISTICS.map((figure) => named(figure, stats[figure.id], l10n)), ...rest].join(', ');
}
/** "Stable rank 12.3" */
const named = ({ label, short, unit }: Named, value: number | null, l10n: Strings): string =>
  `${filledIn(short ?? label, l10n)} ${inUnit(unit, value)}`;
type Named = Pick<AnyFigure, 'label' | 'short' | 'unit'>;

function spectrumText(spectrum: TensorSpectrum, row: TensorRow, l10n: Strings, ink: Ink): string {
  const { metrics, singularValues, mpEdge } = spectrum;
  const picture = sparkline([{ values: singularValues }], mpEdge, ink);
  const name = spectrum.name === row.name ? '' : `${plain(spectrum.name.slice(row.name.length))}: `;
  const figures = SPECTRA.map((figure) => named(figure, metrics[figure.id], l10n)).join(', ');
  return [
    picture && imageMarkdown(picture, l10n.t('Singular values, both axes logarithmic')),
    `${name}${figures}`,
    metrics.outlierCount === null ? '' : l10n.t('One matrix in ten of pure noise has one outlier.'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The comparison at hand. Every figure stands beside its null or its limit, or says that it has none. */
function compared(comparison: KnownComparison, names: readonly string[], { l10n, ink }: HoverContext): string {
  const parts = comparedParts(comparison, names);
  const f = alignmentFigures(parts);
  const title = `**${plain(comparison.baseName)} → ${plain(comparison.tunedName)}**`;
  const of = f.matrices > 1 ? `, ${l10n.t('means of {0} matrices', integer(f.matrices))}` : '';
  const unchanged = [l10n.t('Unchanged in bf16'), percent(f.unchanged), l10n.t('no noise figure')];
  if (f.matrices === 0)
    return `${title}\n\n${table([['', '', ''], unchanged])}\n\n${l10n.t('No spectra of this are computed, so there is no alignment.')}`;
  const noneApplies =
    f.vacuous === 0
      ? l10n.t('a bound applies')
      : f.matrices === 1
        ? l10n.t('no bound applies')
        : l10n.t('no bound for {0} of {1}', f.vacuous, f.matrices);
  const rows = [
    ['', l10n.t('update'), l10n.t('noise or limit')],
    ...f.headlines.map(({ headline, told }) => [
      filledIn(headline.label, l10n),
      inUnit(headline.unit, told.value),
      [
        ...headline.beside.map(({ label }, i) => `${filledIn(label, l10n)} ${inUnit(headline.unit, told.beside[i])}`),
        ...(headline === LARGEST_ANGLE ? [noneApplies] : []),
        ...(told.twin === null ? [] : [l10n.t('noise of the same size {0}', inUnit(headline.unit, told.twin))]),
      ].join(', '),
    ]),
    unchanged,
  ];
  const warning = lineageWarning(lineageOfTensors(comparison.tensors.values()));
  const detail = parts.length === 1 ? comparison.details.get(parts[0]?.name ?? '') : undefined;
  const picture =
    detail &&
    sparkline(
      [{ values: detail.baseSingularValues }, { values: detail.updateSingularValues, dashed: true }],
      null,
      ink,
    );
  return [
    `${title}${of}`,
    warning && filledIn(warning, l10n),
    warning ? '' : inShort(comparison, parts, l10n),
    table(rows),
    `${l10n.t('Mask view: {0}.', verdicts(f.mask, l10n))} ${l10n.t('Energy view: {0}.', verdicts(f.energy, l10n))}`,
    picture && imageMarkdown(picture, l10n.t('Singular values of the base, and of the update (dashed)')),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** What the figures of these say. What is said in place of figures is of whole checkpoints, and is not said of a part. */
function inShort({ plan }: KnownComparison, parts: readonly ComparisonTensor[], l10n: Strings): string {
  if (!plan) return '';
  const answer = answerToPart(plan, parts);
  if (answer.sentences.flat().some(({ kind }) => kind === 'guard')) return '';
  return plain(sentencesOf(answer, (text) => filledIn(text, l10n)).join(' '), MAX_ANSWER);
}

const filledIn = (text: Text, l10n: Strings): string => translatedIn(text, (message) => l10n.t.call(l10n, message));

function verdicts(tally: Tally, l10n: Strings): string {
  const told = tally.map(({ words, items }) => ({
    word: filledIn(words.word, l10n),
    count: items.length,
  }));
  return told.length === 1 ? (told[0]?.word ?? '') : told.map(({ word, count: n }) => `${n} ${word}`).join(', ');
}

/** A path that ends in .safetensors: the file's own facts. */
export function fileHover(facts: CheckpointFacts, name: string, { l10n, known }: HoverContext): string {
  const dtypes = Object.entries(facts.dtypes)
    .sort((a, b) => b[1] - a[1])
    .map(([dtype, n]) => `${plain(dtype)} (${integer(n)})`);
  const missing = facts.shards.filter((shard) => shard.missing).length;
  const bad = facts.problems.filter(({ severity }) => severity !== 'info').length;
  const list = [
    plain(facts.format),
    bytes(facts.sizeBytes),
    l10n.t('{0} tensors', integer(facts.tensors.length)),
    facts.parameters === null ? l10n.t('packed weights, not counted') : l10n.t('{0} weights', count(facts.parameters)),
    facts.quantisation.map(({ text }) => plain(text)).join('; '),
    dtypes.join(', '),
    ...(missing ? [l10n.t('{0} of {1} shards are missing', missing, facts.shards.length)] : []),
    ...(bad ? [l10n.t('problems: {0}', bad)] : []),
  ];
  const comparison = known.comparisons().find((one) => isOf(one, facts));
  const first = comparison && [...comparison.tensors.keys()][0];
  const links = [
    commandLink(l10n.t('Open in Inspector'), OPEN_TENSOR, facts.path, null),
    ...(comparison
      ? [
          commandLink(
            l10n.t('Show Comparison {0} → {1}', plain(comparison.baseName), plain(comparison.tunedName)),
            SHOW_IN_COMPARISON,
            comparison.base,
            comparison.tuned,
            first ?? null,
          ),
        ]
      : []),
  ];
  return `**${plain(name)}**\n\n${list.filter(Boolean).join(' &middot; ')}\n\n${links.join(' &nbsp; ')}`;
}
