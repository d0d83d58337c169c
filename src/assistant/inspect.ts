/** inspect_checkpoint: facts, problems, modules; statistics, spectra and a scan on request. */
import { matchesGlob } from '../checkpoint/glob.ts';
import { columnsOf } from '../metrics/catalog.ts';
import type { ModuleGroup, TensorRow, TensorSpectrum, TensorStatistics } from '../protocol/engine.ts';
import type { Finding, ScanCoverage } from '../protocol/health.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { admittedFacts, admittedPath } from './admission.ts';
import { fitted } from './budget.ts';
import type { ToolContext } from './engine.ts';
import { factLines, problemLines, unreadShards } from './facts.ts';
import { ToolInput } from './input.ts';
import { MAX_UNASKED_FLOPS } from './limits.ts';
import { sentenceForModel, visible } from '../text/show.ts';
import { bytes, figure, inUnit, plural, quoted, ranges, shape, type } from './text.ts';
import { appendAll } from '../protocol/lists.ts';

const KNOWN = ['path', 'tensors', 'statistics', 'spectra', 'scan', 'allowLong', 'offset', 'maxTokens'];

/** Throws bad-parameter, bad-file, read-failed and cancelled. */
export async function inspectCheckpoint(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, KNOWN);
  const path = await admittedPath(input.required('path'), context);
  const glob = input.text('tensors');
  const statistics = input.flag('statistics', false);
  const spectra = input.flag('spectra', false);
  const offset = input.whole('offset') ?? 0;
  const facts = await admittedFacts(path, context);
  const unread = unreadShards(facts);
  const head = factLines(facts);
  const values = statistics || spectra;
  const chosen = values ? facts.tensors.filter((row) => glob === undefined || matchesGlob(glob, row.name)) : [];
  if (spectra && !input.flag('allowLong', false)) refuseLong(chosen);
  if (input.flag('scan', false)) appendAll(head, await scanLines(path, unread, context));
  else appendAll(head, problemLines(facts.problems, 'the header', unread));
  const budget = context.budget(input.tokens);
  const more =
    (rows: number) =>
    (shown: number): string =>
      `${rows - shown} more rows are left out. Ask with offset ${offset + shown} to go on, or narrow it with tensors.`;
  if (!values) {
    // a row takes more than a token
    const most = offset + input.tokens;
    const list = await context.engine.modules({ path, tensors: glob ?? null, most }, context.signal);
    const rows = list.groups.slice(offset).map(moduleRow);
    return fitted(
      { head, rowsHead: ['module | layers | tensors | type and shape'], rows, more: more(list.total - offset) },
      budget,
    );
  }
  if (glob !== undefined && chosen.length === 0) {
    head.push(`No tensor matches ${quoted(glob)}.`);
    return fitted({ head, rowsHead: [], rows: [], more: () => '' }, budget);
  }
  const computed = await compute(path, chosen, statistics, spectra, context);
  if (spectra)
    head.push(
      'Beside each spectral figure stands what a matrix of independent noise of that shape gives. Outliers are singular values above the Marchenko-Pastur edge: noise has none, but one matrix in ten has one.',
    );
  for (const text of computed.failures) head.push(`Failed: ${sentenceForModel(text)}`);
  const rows = [
    ...[...computed.statistics.values()].map(statisticsRow),
    ...[...computed.spectra.values()].map(spectrumRow),
  ].slice(offset);
  return fitted({ head, rowsHead: [], rows, more: more(rows.length) }, budget);
}

/** Spectra that a model did not know to be dear are not started. */
function refuseLong(rows: readonly TensorRow[]): void {
  let flops = 0;
  let matrices = 0;
  for (const row of rows) {
    if (!row.spectral || row.missing || row.role !== 'block') continue;
    const [m = 1, n = 1] = row.shape.slice(-2);
    const stack = row.shape.length === 3 ? (row.shape[0] ?? 1) : 1;
    const q = Math.min(m, n);
    flops += stack * (q * q * Math.max(m, n) + (4 / 3) * q ** 3);
    matrices += stack;
  }
  if (flops <= MAX_UNASKED_FLOPS) return;
  throw new OffaxisError(
    'bad-parameter',
    `Spectra of ${matrices} matrices take about ${figure(flops, 2)} floating-point operations, minutes to hours. Narrow them with tensors, or set allowLong to true.`,
  );
}

async function scanLines(
  path: string,
  unread: ReadonlySet<string>,
  { engine, signal }: ToolContext,
): Promise<string[]> {
  const findings: Finding[] = [];
  let coverage: ScanCoverage | undefined;
  for await (const event of engine.scan({ path }, signal)) {
    if (event.type === 'finding') findings.push(event.finding);
    else if (event.type === 'coverage') ({ coverage } = event);
  }
  if (!coverage) return problemLines(findings, 'the header and the values', unread);
  const left = coverage.notScanned
    .map(({ reason, tensors }) => `; not scanned: ${tensors} ${visible(reason)}`)
    .join('');
  return [
    `Scanned ${plural(coverage.scanned, 'tensor')}, ${bytes(coverage.scannedBytes)}, for ${coverage.rules.join('; ')}${left}.`,
    ...problemLines(findings, 'the header and the values', unread),
  ];
}

async function compute(
  path: string,
  rows: readonly TensorRow[],
  statistics: boolean,
  spectra: boolean,
  { engine, signal }: ToolContext,
): Promise<{ statistics: Map<string, TensorStatistics>; spectra: Map<string, TensorSpectrum>; failures: string[] }> {
  const found = {
    statistics: new Map<string, TensorStatistics>(),
    spectra: new Map<string, TensorSpectrum>(),
    failures: [] as string[],
  };
  const tensors = rows.filter((row) => !row.missing && row.offset !== null).map((row) => row.name);
  if (tensors.length === 0) return found;
  for await (const event of engine.inspect({ path, tensors, statistics, spectra, includeEmbeddings: false }, signal)) {
    if (event.type === 'statistics') found.statistics.set(event.value.name, event.value);
    else if (event.type === 'spectrum') found.spectra.set(event.value.name, event.value);
    else if (event.type === 'failed') found.failures.push(event.error.message);
  }
  return found;
}

function moduleRow({ module, missing, dtype, shape: sides, role, tensors, layers }: ModuleGroup): string {
  const kind = missing ? 'in missing shards' : `${type(dtype)} ${shape(sides)}`;
  return `${quoted(module)} | ${layers.length ? ranges(layers) : `none (${role})`} | ${tensors} | ${kind}`;
}

const STATISTICS = columnsOf('elements');
const SPECTRA = columnsOf('spectrum');

function statisticsRow({ name, stats }: TensorStatistics): string {
  const parts = [
    ...STATISTICS.map(({ id, column, unit }) => `${column} ${inUnit(unit, stats[id])}`),
    ...(stats.nan || stats.inf ? [`NaN ${stats.nan}, infinite ${stats.inf}`] : []),
  ];
  return `${quoted(name)} statistics: ${parts.join(', ')}`;
}

/** Each figure beside what noise of that shape gives. */
function spectrumRow({ name, rows, columns, metrics, mpEdge: edge, reasons }: TensorSpectrum): string {
  if (metrics.spectralNorm === null) return `${quoted(name)} spectrum: undefined. ${visible(reasons.join(' '))}`;
  const parts = SPECTRA.map(({ id, column, unit, noise }) => {
    const beside = noise ? `noise ${inUnit(unit, noise({ rows, columns, edge }))}` : 'no noise defined';
    return `${column} ${inUnit(unit, metrics[id])} (${beside})`;
  });
  return `${quoted(name)} spectrum: [${rows}, ${columns}], ${parts.join(', ')}`;
}
