/** `offaxis inspect`: what one checkpoint holds. */
import type { Analysis } from '../analysis/index.ts';
import { adapterUpdates } from '../metrics/adapterUpdates.ts';
import { columnsOf } from '../metrics/catalog.ts';
import { beyondMemory } from '../protocol/beyondMemory.ts';
import { cacheBytes, cacheFormula, type MemoryEstimate } from '../protocol/health.ts';
import type { CheckpointFacts, TensorSpectrum, TensorStatistics } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { appendAll, pushTo, elementCount } from '../protocol/lists.ts';
import type {
  AdapterUpdate,
  AdapterUpdates,
  InspectionResult,
  InspectionTensor,
  Problem,
} from '../protocol/results.ts';
import type { Invocation } from './arguments.ts';
import { bytes, count, figure, inUnit, percent, plural, table } from '../export/plain.ts';
import { openOutputs } from './output.ts';
import { ProgressLine, timeLeft } from './progress.ts';
import { terminal, visible } from '../text/show.ts';

/** Of what a header may hold a million of. */
const TYPES_SHOWN = 12;
const METADATA_SHOWN = 50;
const VALUE_LENGTH = 100;
const MOST_REASONS = 3;

type InspectInvocation = Extract<Invocation, { command: 'inspect' }>;

/** Prints a table, or writes the JSON. A damaged checkpoint is shown as far as it can be read; then bad-file is thrown. */
export async function runInspect(analysis: Analysis, options: InspectInvocation, signal: AbortSignal): Promise<void> {
  const { path, deltaBase } = options;
  const opened = { path, ...(deltaBase === undefined ? {} : { deltaBase }) };
  const outputs = await openOutputs(options, Object.values(opened), signal);
  const facts = await analysis.open(opened, signal);
  const problems = [...facts.problems];
  const statistics = new Map<string, TensorStatistics>();
  const spectra = new Map<string, TensorSpectrum>();
  const updates: AdapterUpdate[] = [];
  const leftOut: { name: string; message: string }[] = [];
  if (options.statistics || options.spectra) {
    const progress = new ProgressLine(process.stderr);
    const request = {
      ...opened,
      tensors: [],
      statistics: options.statistics,
      spectra: options.spectra,
      updates: true as const,
      includeEmbeddings: false,
    };
    for await (const event of analysis.inspect(request, signal)) {
      if (event.type === 'statistics') statistics.set(event.value.name, event.value);
      else if (event.type === 'spectrum') spectra.set(event.value.name, event.value);
      else if (event.type === 'update') updates.push(event.value);
      else if (event.type === 'failed' && event.error.code === 'beyond-memory')
        leftOut.push({ name: event.name, message: event.error.message });
      else if (event.type === 'failed')
        problems.push({ severity: 'error', code: event.error.code, message: event.error.message, tensor: event.name });
      else progress.show(`${event.done} of ${event.total}${timeLeft(event.secondsLeft)}`);
    }
    progress.clear();
  }
  for (const { name, stats } of statistics.values()) {
    if (stats.nan || stats.inf) problems.push(notFinite(name, stats.nan, stats.inf));
  }
  appendAll(problems, beyondMemory(leftOut));
  const found = inspection(facts, problems, statistics, spectra, options.singularValues, options.context);
  const computed = [...spectra.values()].filter(({ metrics }) => metrics.spectralNorm !== null).length;
  const coverage = options.spectra ? { computed, all: spectra.size + leftOut.length } : null;
  const result: InspectionResult = {
    ...found,
    summary: { ...found.summary, spectra: coverage },
    adapterUpdates: updates.length > 0 ? adapterUpdates(updates, options.singularValues) : null,
  };
  await outputs.write({ json: () => result, lines: () => report(facts, result) });
  const damage = problems.find((problem) => problem.severity === 'error');
  if (damage) throw new OffaxisError(facts.problems.includes(damage) ? 'bad-file' : 'read-failed', damage.message);
}

function notFinite(tensor: string, nan: number, inf: number): Problem {
  return {
    severity: 'warning',
    code: 'not-finite',
    tensor,
    message: `${tensor} holds ${nan} NaN and ${inf} infinities: its spectrum is not computed. Check the run that wrote it.`,
  };
}

/** The JSON of `offaxis inspect`, schema offaxis.inspection/1. Parts of fused tensors follow their tensor. */
export function inspection(
  facts: CheckpointFacts,
  problems: Problem[],
  statistics: ReadonlyMap<string, TensorStatistics>,
  spectra: ReadonlyMap<string, TensorSpectrum>,
  singularValues: boolean,
  tokens: number | null = null,
): InspectionResult {
  const parts = new Map<string, TensorSpectrum[]>();
  for (const spectrum of spectra.values())
    if (spectrum.name !== spectrum.tensor) pushTo(parts, spectrum.tensor, spectrum);
  const of = (spectrum: TensorSpectrum): Pick<InspectionTensor, 'spectrum' | 'singularValues'> => ({
    spectrum: spectrum.metrics,
    ...(singularValues ? { singularValues: spectrum.singularValues } : {}),
  });
  const tensors: InspectionTensor[] = [];
  for (const row of facts.tensors) {
    const { name, layer, module, dtype, shape, sizeBytes } = row;
    const stats = statistics.get(name);
    const whole = spectra.get(name);
    tensors.push({
      name,
      layer,
      module,
      dtype,
      shape,
      sizeBytes,
      ...(stats ? { stats: { ...stats.stats, histogram: stats.histogram } } : {}),
      ...(whole ? of(whole) : {}),
    });
    for (const part of parts.get(name) ?? []) {
      const share = (part.rows * part.columns) / Math.max(1, elementCount(shape));
      tensors.push({
        name: part.name,
        layer,
        module,
        dtype,
        shape: [part.rows, part.columns],
        sizeBytes: Math.round(sizeBytes * share),
        ...of(part),
      });
    }
  }
  return {
    schema: 'offaxis.inspection/1',
    path: facts.path,
    problems,
    adapter: facts.adapter,
    adapterUpdates: null,
    metadata: facts.metadata,
    memory: withContext(facts.memory, tokens),
    quantisation: quantisationOf(facts),
    tensors,
    summary: {
      tensors: facts.tensors.length,
      parameters: facts.parameters,
      sizeBytes: facts.sizeBytes,
      dtypes: facts.dtypes,
      shards: facts.shards.length,
      missing: facts.tensors.filter((tensor) => tensor.missing).length,
      spectra: null,
    },
  };
}

function quantisationOf({ quantisation: [first, ...others] }: CheckpointFacts): InspectionResult['quantisation'] {
  return first ? { ...first, others } : null;
}

/** The estimate, with the cache at `tokens`; without tokens at the longest context that the model states. */
function withContext(memory: MemoryEstimate, tokens: number | null): InspectionResult['memory'] {
  const { cache } = memory;
  const at = tokens ?? cache?.contextTokens ?? null;
  if (cache === null || at === null) return memory;
  return { ...memory, context: { tokens: at, cacheBytes: cacheBytes(cache, at) } };
}
function memoryLines({ weightsBytes, unknownTensors, cache, reason, context }: InspectionResult['memory']): string[] {
  const unknown = unknownTensors ? `, ${plural(unknownTensors, 'tensor')} of unknown size left out` : '';
  const lines = [
    `memory, estimated: weights ${bytes(weightsBytes)} as stored${unknown}; activations and the runtime left out`,
  ];
  if (!cache) return [...lines, terminal(`KV cache: not estimated, ${reason}`)];
  const at = context ? `, ${bytes(context.cacheBytes)} at ${context.tokens} tokens` : '';
  return [
    ...lines,
    `KV cache: ${bytes(cache.bytesPerToken)} a token${at}, for one sequence: ${cacheFormula(cache)} (${cache.elementType})`,
  ];
}

/** The adapter's own update, matrix by matrix, and where its energy lies. */
function updateLines({ updateNorm, unknown, matrices, layers, modules }: AdapterUpdates): string[] {
  const rows = matrices.map(({ name, shape, rank, scale, updateShare, spectrum }) => [
    name,
    shape.map((side) => side ?? '?').join(' x '),
    rank === null ? '-' : String(rank),
    figure(scale, 4),
    percent(updateShare),
    ...SPECTRA.map(({ id, unit }) => inUnit(unit, spectrum?.[id])),
  ]);
  const head = ['update of', 'shape', 'rank', 'scale', 'energy', ...SPECTRA.map(({ column }) => column)];
  const shares = (name: string, list: readonly { updateShare: number | null; of: string }[]): string =>
    `energy by ${name}: ${list.map(({ of, updateShare }) => `${of} ${percent(updateShare)}`).join(', ')}`;
  const lines = ['', ...table(head, rows, 2), '', `norm of the whole update: ${figure(updateNorm, 4)}`];
  if (unknown > 0) {
    const why = [...new Set(matrices.flatMap(({ reasons }) => reasons))].slice(0, MOST_REASONS).join('; ');
    lines.push(terminal(`${unknown} of ${matrices.length} updates are not known and not counted: ${why}`));
  }
  if (updateNorm === null || updateNorm === 0) return lines;
  const byLayer = layers.map(({ layer, updateShare }) => ({
    of: layer === null ? 'outside' : String(layer),
    updateShare,
  }));
  const byModule = modules.map(({ module, updateShare }) => ({ of: visible(module), updateShare }));
  return [...lines, shares('layer', byLayer), shares('module', byModule)];
}

const STATISTICS = columnsOf('elements');
const SPECTRA = columnsOf('spectrum');

function report(facts: CheckpointFacts, result: InspectionResult): string[] {
  const { summary } = result;
  const types = Object.entries(summary.dtypes).map(([dtype, n]) => `${visible(dtype)} ${n}`);
  const moreTypes = types.length - TYPES_SHOWN;
  const dtypes = `${types.slice(0, TYPES_SHOWN).join(', ')}${moreTypes > 0 ? ` and ${moreTypes} more` : ''}`;
  const lines = [
    terminal(facts.path),
    `${facts.format}; ${plural(summary.tensors, 'tensor')}, ${summary.parameters === null ? 'packed weights, not counted' : `${count(summary.parameters)} parameters`}, ${bytes(summary.sizeBytes)}; ${dtypes || 'no types'}`,
  ];
  if (summary.missing) lines.push(`in missing shards: ${plural(summary.missing, 'tensor')}`);
  const { spectra: covered } = summary;
  if (covered && covered.computed < covered.all)
    lines.push(`spectra: of ${count(covered.computed)} of ${count(covered.all)} matrices`);
  for (const { text, tensors, parameters, storedBytes, reason } of facts.quantisation) {
    const weights = parameters === null ? 'weights not counted' : `${count(parameters)} weights`;
    const read = reason === null ? '' : `; left out: ${reason}`;
    lines.push(
      terminal(`quantised: ${text}; ${plural(tensors, 'tensor')}, ${weights} in ${bytes(storedBytes)} of codes${read}`),
    );
  }
  // Nothing was read: an estimate of nothing is noise above the reason.
  if (summary.tensors > 0) appendAll(lines, memoryLines(result.memory));
  const metadata = Object.entries(result.metadata);
  // Marked as what it is: a key may be "warning".
  for (const [key, value] of metadata.slice(0, METADATA_SHOWN))
    lines.push(`metadata ${visible(key, VALUE_LENGTH)}: ${visible(value, VALUE_LENGTH)}`);
  if (metadata.length > METADATA_SHOWN) lines.push(`metadata: ${metadata.length - METADATA_SHOWN} more entries`);
  for (const problem of result.problems) lines.push(`${problem.severity}: ${terminal(problem.message)}`);
  const stats = result.tensors.some((tensor) => tensor.stats);
  const spectra = result.tensors.some((tensor) => tensor.spectrum);
  const head = ['tensor', 'dtype', 'shape', 'bytes'];
  if (stats)
    appendAll(
      head,
      STATISTICS.map(({ column }) => column),
    );
  if (spectra)
    appendAll(
      head,
      SPECTRA.map(({ column }) => column),
    );
  const rows = result.tensors.map(({ name, dtype, shape, sizeBytes, stats: s, spectrum: p }) => {
    const row = [name, dtype, shape.join(' x ') || 'scalar', bytes(sizeBytes)];
    if (stats)
      appendAll(
        row,
        STATISTICS.map(({ id, unit }) => inUnit(unit, s?.[id])),
      );
    if (spectra)
      appendAll(
        row,
        SPECTRA.map(({ id, unit }) => inUnit(unit, p?.[id])),
      );
    return row;
  });
  if (rows.length) {
    lines.push('');
    appendAll(lines, table(head, rows, 3));
  }
  if (result.adapterUpdates) appendAll(lines, updateLines(result.adapterUpdates));
  return lines;
}
