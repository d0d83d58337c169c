/** `offaxis compare`: what training did. */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import type { ComparisonCommand } from '../export/commandLine.ts';
import { comparisonCsv } from '../export/csv.ts';
import { rowsParquet } from '../export/parquet.ts';
import { rowsOf } from '../export/rows.ts';
import { columnsOf } from '../metrics/catalog.ts';
import { adapterSaid } from '../metrics/adapter.ts';
import { coverageSaid, coverageWarning, isPartial, pairingNotes } from '../metrics/coverage.ts';
import { LARGEST_ANGLE, OFF_ENERGY, OFF_MASK, SHIFT, toldOf, type Headline } from '../metrics/headlines.ts';
import { lineageWarning } from '../metrics/lineage.ts';
import { quantisationSaid } from '../metrics/quantisation.ts';
import { english } from '../protocol/say.ts';
import { energySaid, maskSaid, type Figures } from '../metrics/verdict.ts';
import { computedElsewhere, numberRanges } from '../protocol/computed.ts';
import type { ComparisonPlan, Coverage } from '../protocol/engine.ts';
import { appendAll } from '../protocol/lists.ts';
import type { ComparisonResult, ComparisonSummary } from '../protocol/results.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { Accumulator, hasSpectra } from '../results/accumulator.ts';
import type { Invocation } from './arguments.ts';
import { baseOf, isAdapter } from './base.ts';
import { count, figure, inUnit, percent, plural, table, wrapped } from '../export/plain.ts';
import { follow } from './follow.ts';
import { refuseIncomplete, sayProblems } from './outcome.ts';
import { openOutputs, type Outputs } from './output.ts';
import { runShard } from './shard.ts';
import { runUpdatePairs } from './updatePairs.ts';
import { terminal, visible } from '../text/show.ts';

type CompareInvocation = Extract<Invocation, { command: 'compare' }>;

/**
 * Prints a table, or writes the JSON, the CSV and the Parquet. Throws bad-file if nothing pairs or nothing could be computed, and read-failed, when
 * all that could be is written, if a tensor failed.
 */
export async function runCompare(analysis: Analysis, options: CompareInvocation, signal: AbortSignal): Promise<void> {
  const { tuned, parameters } = options;
  if (options.base !== null && (await isAdapter(analysis, options.base, signal)))
    return runUpdatePairs(analysis, { ...options, one: options.base, other: tuned }, signal);
  const base = options.base ?? options.common ?? (await baseOf(analysis, tuned, signal));
  const outputs = await openOutputs(options, [base, tuned], signal);
  if (options.shard) return runShard(analysis, { ...options, base, shard: options.shard }, outputs, signal);
  const found = new Accumulator(parameters.profiles);
  const request = { runId: 'cli', base, tuned, parameters };
  await follow(analysis.compare(request, signal), found);
  await writeComparison(found, { base, tuned, parameters }, outputs);
}

/** Says what went wrong and writes what was found. Throws as runCompare does. */
export async function writeComparison(
  found: Accumulator,
  { base, tuned, parameters }: ComparisonCommand,
  outputs: Outputs,
): Promise<void> {
  const result = {
    ...found.result(parameters),
    base: resolve(base),
    tuned: resolve(tuned),
  };
  sayProblems(found, result);
  if (found.plan) refuseUnpaired(found.plan, base, tuned);
  await outputs.write({
    json: () => result,
    csv: () => comparisonCsv(result),
    parquet: () => rowsParquet(rowsOf(result)),
    lines: () => report(result, found.plan, found.coverage()),
  });
  refuseIncomplete(found, result);
}

/** Figures that the table shows as they are, before the two views. */
const COLUMNS = columnsOf('change', 'update');

function report(result: ComparisonResult, plan: ComparisonPlan | null, coverage: Coverage | null): string[] {
  const { summary: s, backend } = result;
  const spectral = result.tensors.filter(hasSpectra);
  // the table of a comparison that ends with the alignment has no columns of whole spectra
  const isWhole = result.parameters.spectra === true;
  const columns = COLUMNS.filter((column) => isWhole || !('whole' in column));
  const hasTwin = spectral.some(({ metrics }) => metrics.twin !== undefined);
  const noise = hasTwin ? ' / noise' : '';
  const rows = spectral.map(({ name, shape, metrics: m }) => [
    name,
    shape.join(' x '),
    ...columns.map(({ id, unit, sameForNoise }) => {
      const text = inUnit(unit, m[id]);
      return hasTwin && !sameForNoise ? `${text} / ${inUnit(unit, m.twin?.[id])}` : text;
    }),
    ...(isWhole ? [besideNoise(LARGEST_ANGLE, m, hasTwin)] : []),
    besideNoise(OFF_MASK, m, hasTwin),
    figure(m.principalZ, 3),
    english(maskSaid(m).words.word),
    besideNoise(OFF_ENERGY, m, hasTwin),
    english(energySaid(m).words.word),
  ]);
  const of = isPartial(s.coverage) ? ` compared, ${percent(s.coverage)} of the base's` : '';
  const lines = [
    `${terminal(result.base)} -> ${terminal(result.tuned)}`,
    `${count(s.weights)} weights compared; ${backend.name}, ${backend.precision}, ${backend.threads} threads`,
    ...elsewhere(result),
    ...adapterLine(plan),
    ...(coverage ? coverageLines(coverage) : []),
    ...pairingNotes(plan?.problems ?? []).map(({ message }) => `note: ${terminal(message)}`),
    ...lineageLines(s),
    ...(s.quantisation ? [terminal(english(quantisationSaid(s.quantisation)))] : []),
    '',
    ...answerLines(result),
  ];
  if (rows.length) {
    const head = [
      'matrix',
      'shape',
      ...columns.map(({ column, sameForNoise }) => (sameForNoise ? column : `${column}${noise}`)),
      ...(isWhole ? [`${headOf(LARGEST_ANGLE)}${noise}`] : []),
      `${headOf(OFF_MASK)}${noise}`,
      'z',
      'mask view',
      `${headOf(OFF_ENERGY)}${noise}`,
      'energy view',
    ];
    appendAll(lines, table(head, rows));
    if (hasTwin) lines.push('noise: one draw of the size of the update, stored like it');
    lines.push('');
  }
  lines.push(
    `unchanged in bf16: ${percent(s.unchangedBf16)} of the weights${of}`,
    `relative update of the model${of}: ${percent(s.model.relativeUpdate)}; ${mostEnergy(s)}`,
  );
  if (rows.length) {
    const metrics = spectral.map((tensor) => tensor.metrics);
    /** "12 % against 50 % isotropic, noise of the same size 49 %" */
    const told = (headline: Headline, before = '', after = ''): string => {
      const { value, beside, twin } = toldOf(headline, metrics);
      const [of, ...references] = [value, ...beside.slice(0, 1)].map((figure) => inUnit(headline.unit, figure));
      const noise = twin === null ? '' : `, noise of the same size ${inUnit(headline.unit, twin)}`;
      return `${of}${references.map((text) => `${before}${text}${after}`).join('')}${noise}`;
    };
    const means = `means over ${s.matrices.done} of ${s.matrices.planned} matrices`;
    lines.push(
      isWhole
        ? `${means}: NSS ${told(SHIFT, ' of at most ')}; angles max ${told(LARGEST_ANGLE)}; Wedin's bound is vacuous for ${s.wedinVacuous}`
        : `${means}; not computed: what needs whole spectra (NSS, angles, ranks). All of it: leave out --until`,
      `off-principal alignment, mask view: ${told(OFF_MASK, ' against ', ' from rounding alone')} ` +
        `(${s.maskVerdicts.off} off, ${s.maskVerdicts.on} on, ${s.maskVerdicts.noise} like noise)`,
      `off-principal alignment, energy view: ${told(OFF_ENERGY, ' against ', ' isotropic')}`,
    );
  }
  const { baseOnly, tunedOnly } = result.unpaired;
  if (s.elementwiseOnly.length) lines.push(`${plural(s.elementwiseOnly.length, 'tensor')} elementwise only`);
  if (result.skipped.length)
    lines.push(`${result.skipped.length} left out: ${listed(result.skipped.map((x) => `${x.name} (${x.reason})`))}`);
  if (baseOnly.length) lines.push(`${baseOnly.length} only in the base: ${listed(baseOnly)}`);
  if (tunedOnly.length) lines.push(`${tunedOnly.length} only in the tuned: ${listed(tunedOnly)}`);
  return lines;
}
/** "off-principal / null" */
function headOf({ column, beside: [reference] }: Headline): string {
  return reference ? `${column} / ${reference.as}` : column;
}
/** "12 % / 50 %", with noise of the same size "12 % / 50 % / 49 %". */
function besideNoise(headline: Headline, m: Figures, hasTwin: boolean): string {
  const { of, unit, beside } = headline;
  const [reference] = beside;
  const values = [of(m), ...(reference ? [reference.of(m)] : []), ...(hasTwin ? [m.twin ? of(m.twin) : null] : [])];
  return values.map((value) => inUnit(unit, value)).join(' / ');
}
/** Above the figures what they say, in the terminal's width. */
function answerLines({ answer }: ComparisonResult): string[] {
  return answer.text ? [...wrapped(answer.text, process.stdout.columns), ''] : [];
}
/** One line a backend that took matrices over from the one named above. */
function elsewhere({ tensors, backend }: ComparisonResult): string[] {
  return computedElsewhere(tensors, backend.kind).map(({ kind, matrices, layers }) => {
    const where = layers.length ? `: layer${layers.length === 1 ? '' : 's'} ${numberRanges(layers)}` : '';
    return `${matrices} matri${matrices === 1 ? 'x' : 'ces'} computed on the ${kind === 'reference' ? kind : kind.toUpperCase()}${where}`;
  });
}
/** "adapter, LoRA, r = 8, scale 2, 18 of 42 matrices; ..." if the tuned side is one. */
function adapterLine(plan: ComparisonPlan | null): string[] {
  const said = plan && adapterSaid(plan, (scale) => figure(scale, 4), visible);
  return said ? [`${terminal(english(said))}; the rest is the base, and every figure is of what is changed`] : [];
}
/** How much of the base the figures are of, and what is missing. */
function coverageLines(coverage: Coverage): string[] {
  const warning = coverageWarning(coverage, percent, visible);
  return [english(coverageSaid(coverage, percent)), ...(warning ? [`warning: ${english(warning)}`] : [])];
}
/** In front of every figure, if the two are hardly base and tuned. */
function lineageLines({ lineage }: ComparisonSummary): string[] {
  const warning = lineageWarning(lineage);
  if (!warning) return [];
  const shift = lineage.nss === null ? '' : `, median NSS ${percent(lineage.nss)}`;
  return [`warning: ${english(warning)} Median cosine ${figure(lineage.cosine, 3)}${shift}`];
}
/** The layer and the module that hold most of the update's energy. */
function mostEnergy({ layers, modules }: ComparisonSummary): string {
  const most = <T extends { updateShare: number | null }>(list: readonly T[]): T | null =>
    list.reduce<T | null>((best, one) => ((one.updateShare ?? 0) > (best?.updateShare ?? 0) ? one : best), null);
  const [layer, module] = [most(layers), most(modules)];
  if (!layer || !module) return 'no update';
  const place = layer.layer === null ? 'outside the layers' : `in layer ${layer.layer}`;
  return `most of its energy: ${percent(layer.updateShare)} ${place}, ${percent(module.updateShare)} in ${module.module}`;
}
function listed(names: string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => visible(name))
    .join(', ');
  return names.length <= 5 ? shown : `${shown} and ${names.length - 5} more`;
}
