/** "Scan for Problems": one pass over every tensor, then what needs several of them. Streams findings as they come. */
import { openCheckpoint, readChunks, type Checkpoint, type MatrixView } from '../checkpoint/index.ts';
import { dtypeOf, isFloating } from '../formats/index.ts';
import {
  duplicateCandidates,
  duplicateFinding,
  findingsOf,
  FP16_OVERFLOW,
  LineScan,
  Locator,
  RULES,
  scaleFindings,
  sides,
  tensorDigest,
  type Measured,
} from '../health/index.ts';
import type { LinearAlgebraBackend, MatrixType } from '../linalg/backend.ts';
import { chunkStats, StatsAccumulator } from '../metrics/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { ScanEvent } from '../protocol/health.ts';
import { CHUNK_WEIGHTS, matrixType } from './change.ts';
import { Estimate, runQueue, WorkQueue } from './queue.ts';

interface Item {
  name: string;
  row: TensorRow;
}

/**
 * Header problems first, then each tensor's findings as it is read, then duplicates and scales, `coverage` last. A tensor that cannot
 * be read is a finding. Peak: two chunks of 4 Mi weights a thread. Throws bad-file, read-failed (the file as a whole) and cancelled.
 */
export async function* scanCheckpoint(
  backend: LinearAlgebraBackend,
  { path }: { path: string },
  signal: AbortSignal,
): AsyncGenerator<ScanEvent, void, undefined> {
  const start = performance.now();
  const checkpoint = await openCheckpoint(path, signal);
  try {
    for (const problem of checkpoint.problems) yield { type: 'finding', finding: problem };
    const { floating, opaque, notScanned } = sorted(checkpoint);
    let total = floating.reduce((sum, { row }) => sum + row.sizeBytes, 0);
    let done = 0;
    const estimate = new Estimate(total);
    const progress = (): ScanEvent => ({ type: 'progress', done, total, secondsLeft: estimate.secondsLeft() });
    yield progress();
    const measured: Measured[] = [];
    for await (const outcome of runQueue(
      new WorkQueue(floating),
      backend.parallelism,
      ({ row }) => measure(checkpoint, row, backend, signal),
      signal,
    )) {
      const { row } = outcome.item;
      if ('error' in outcome) yield unreadable(row, outcome.error.message);
      else {
        measured.push(outcome.value);
        for (const finding of findingsOf(outcome.value)) yield { type: 'finding', finding };
      }
      done += row.sizeBytes;
      estimate.add(row.sizeBytes);
      yield progress();
    }
    // Tensors end in any order; what names several of them must not depend on it.
    const place = new Map([...checkpoint.tensors.keys()].map((name, index) => [name, index]));
    measured.sort((a, b) => (place.get(a.row.name) ?? 0) - (place.get(b.row.name) ?? 0));
    for (const finding of scaleFindings(measured)) yield { type: 'finding', finding };

    const groups = duplicateCandidates(measured, opaque);
    total += groups.flat().reduce((sum, row) => sum + row.sizeBytes, 0);
    for (const group of groups) {
      const equal = new Map<string, TensorRow[]>();
      for (const row of group) {
        try {
          const digest = await tensorDigest(checkpoint, row, signal);
          equal.set(digest, [...(equal.get(digest) ?? []), row]);
        } catch (error) {
          if (signal.aborted) throw error;
          yield unreadable(row, (error as Error).message);
        }
        done += row.sizeBytes;
        yield progress();
      }
      for (const rows of equal.values())
        if (rows.length > 1) yield { type: 'finding', finding: duplicateFinding(rows) };
    }
    const scannedBytes = measured.reduce((sum, { row }) => sum + row.sizeBytes, 0);
    yield {
      type: 'coverage',
      coverage: {
        scanned: measured.length,
        scannedBytes,
        notScanned,
        rules: [...RULES],
        elapsedMs: performance.now() - start,
      },
    };
  } finally {
    await checkpoint.close();
  }
}

function unreadable(row: TensorRow, message: string): ScanEvent {
  const finding = { severity: 'error', code: 'unreadable', message, file: row.file, tensor: row.name } as const;
  return { type: 'finding', finding };
}

/** Tensors by what can be said of them. Large ones first, so that no thread is left alone with one at the end. */
function sorted(checkpoint: Checkpoint): {
  floating: Item[];
  opaque: TensorRow[];
  notScanned: { reason: string; tensors: number }[];
} {
  const floating: Item[] = [];
  const opaque: TensorRow[] = [];
  const reasons = new Map<string, number>();
  for (const row of checkpoint.tensors.values()) {
    if (isFloating(row.dtype) && row.offset !== null) {
      floating.push({ name: row.name, row });
      continue;
    }
    const reason = reasonOf(row);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (row.offset !== null && dtypeOf(row.dtype)) opaque.push(row);
  }
  floating.sort((a, b) => b.row.sizeBytes - a.row.sizeBytes);
  return { floating, opaque, notScanned: [...reasons].map(([reason, tensors]) => ({ reason, tensors })) };
}

function reasonOf(row: TensorRow): string {
  if (row.missing) return 'in missing shards';
  if (row.offset === null) return 'with a damaged entry in the header';
  const kind = dtypeOf(row.dtype)?.kind;
  switch (kind) {
    case 'packed':
      return `packed (${row.dtype}): compared for duplicates only`;
    case 'scale':
      return `block scales (${row.dtype})`;
    case 'integer':
    case 'boolean':
    case 'complex':
      return `${kind} (${row.dtype}): compared for duplicates only`;
    case 'float':
    case undefined:
      return `of an unknown type (${row.dtype})`;
  }
}

/** One pass over a tensor in storage order; a second one only where something has to be located. */
async function measure(
  checkpoint: Checkpoint,
  row: TensorRow,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<Measured> {
  const type = matrixType(row.dtype) as MatrixType;
  const weights = row.shape.reduce((a, b) => a * b, 1);
  const view = storedView(row, weights);
  // A single row longer than a chunk comes in pieces.
  const whole = view.rows > 1 || view.columns <= CHUNK_WEIGHTS;
  const scan = row.shape.length > 1 && weights > 0 && whole ? new LineScan(type, sides(row)[0], view.columns) : null;
  const accumulator = new StatsAccumulator();
  const read = { weights: CHUNK_WEIGHTS, signal };
  for await (const { data } of readChunks(checkpoint, row, view, read)) {
    const counted = backend.elements
      ? backend.elements.stats(type, data, signal)
      : Promise.resolve(chunkStats(type, data));
    // Rows and columns are looked through here while a worker counts.
    scan?.add(data);
    accumulator.add(await counted);
  }
  const stats = accumulator.finish();
  const locator = new Locator(type, row.shape);
  const holdsOverflow = row.dtype !== 'F16' && !row.dtype.startsWith('F8_') && (stats.absMax ?? 0) >= FP16_OVERFLOW;
  if (stats.nan || stats.inf || holdsOverflow)
    for await (const { first, data } of readChunks(checkpoint, row, view, read)) locator.add(first, data);
  const { variance, mean } = accumulator;
  return {
    row,
    weights,
    stats,
    rms: variance === null || mean === null ? null : Math.sqrt(variance + mean * mean),
    lines: scan?.found ?? null,
    firstNaN: locator.firstNaN,
    firstInfinite: locator.firstInfinite,
    overflows: locator.overflows,
    firstOverflow: locator.firstOverflow,
  };
}

/** As it lies in the file: the last axis, or all but the first, as rows. */
function storedView(row: TensorRow, weights: number): MatrixView {
  const columns = row.shape.length > 1 ? sides(row)[1] : weights;
  const rows = columns > 0 ? weights / columns : 0;
  const { name, layer, module } = row;
  return { name, tensor: name, layer, module, rows, columns, start: 0, rowStride: columns, columnStride: 1 };
}
