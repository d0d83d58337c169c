/** "Scan for Problems": one pass over every tensor, then what needs several of them. Streams findings as they come. */
import {
  isReadable,
  openCheckpoint,
  readChunks,
  wholeWeight,
  type Checkpoint,
  type Weight,
} from '../checkpoint/index.ts';
import { type MatrixType, numberType } from '../numbers/index.ts';
import {
  duplicateCandidates,
  duplicateFinding,
  findingsOf,
  FP16_OVERFLOW,
  LineScan,
  Locator,
  RULES,
  scaleFindings,
  tensorDigest,
  untiedHead,
  zeroTail,
  type Measured,
} from '../health/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { chunkStats, StatsAccumulator } from '../metrics/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Finding, ScanEvent } from '../protocol/health.ts';
import { pushTo } from '../protocol/lists.ts';
import { CHUNK_WEIGHTS, matrixType } from './change.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';

/**
 * Header problems first, then each tensor's findings as it is read, then duplicates and scales, `coverage` last. A tensor that cannot
 * be read is a finding. Peak: two chunks of 4 Mi weights a thread. Throws bad-file, read-failed (the file as a whole, or a file
 * that is not any more what it was when it was opened) and cancelled.
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
    let total = floating.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    let done = 0;
    const estimate = new Estimate(total);
    const progress = (): ScanEvent => ({ type: 'progress', done, total, secondsLeft: estimate.secondsLeft() });
    yield progress();
    const pace = new Pace();
    const measured: Measured[] = [];
    for await (const outcome of runQueue(
      new WorkQueue(floating),
      backend.parallelism,
      (weight) => measure(weight, backend, signal),
      signal,
    )) {
      const { item } = outcome;
      if ('error' in outcome) yield unreadable(item, outcome.error.message);
      else {
        measured.push(outcome.value);
        for (const finding of findingsOf(outcome.value, checkpoint.family)) yield { type: 'finding', finding };
      }
      done += item.storedBytes;
      estimate.add(item.storedBytes);
      if (pace.due(done >= total, item.count)) yield progress();
    }
    // Tensors end in any order; what names several of them must not depend on it.
    const place = new Map([...checkpoint.tensors.keys()].map((name, index) => [name, index]));
    measured.sort((a, b) => (place.get(a.weight.name) ?? 0) - (place.get(b.weight.name) ?? 0));
    for (const finding of scaleFindings(measured)) yield { type: 'finding', finding };
    for await (const finding of zeroTails(checkpoint, signal)) yield { type: 'finding', finding };

    const groups = duplicateCandidates(measured, opaque);
    const copies: Weight[][] = [];
    for (const group of groups) for (const { storedBytes } of group) total += storedBytes;
    for (const group of groups) {
      const equal = new Map<string, Weight[]>();
      for (const weight of group) {
        try {
          const digest = await tensorDigest(weight, signal);
          pushTo(equal, digest, weight);
        } catch (error) {
          if (signal.aborted) throw error;
          yield unreadable(weight, (error as Error).message);
        }
        done += weight.storedBytes;
        if (pace.due(done >= total, weight.count)) yield progress();
      }
      for (const weights of equal.values()) {
        if (weights.length < 2) continue;
        copies.push(weights);
        yield { type: 'finding', finding: duplicateFinding(weights) };
      }
    }
    const untied = checkpoint.stated?.tiedHead === true ? untiedHead(measured, copies) : null;
    if (untied) yield { type: 'finding', finding: untied };
    await checkpoint.verify();
    const scannedBytes = measured.reduce((sum, { weight }) => sum + weight.storedBytes, 0);
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

async function* zeroTails(checkpoint: Checkpoint, signal: AbortSignal): AsyncGenerator<Finding, void, undefined> {
  const files = new Map<string, TensorRow[]>();
  for (const row of checkpoint.tensors.values()) if (row.offset !== null) pushTo(files, row.file, row);
  for (const rows of files.values()) {
    try {
      const found = await zeroTail(rows, checkpoint.family, (row, offset, target) =>
        checkpoint.read(row, offset, target, signal),
      );
      if (found) yield found;
    } catch (error) {
      // What cannot be read was said of each tensor.
      if (signal.aborted) throw error;
    }
  }
}

function unreadable({ name, entries }: Weight, message: string): ScanEvent {
  const file = entries[0]?.file ?? '';
  const finding = { severity: 'error', code: 'unreadable', message, file, tensor: name } as const;
  return { type: 'finding', finding };
}

/** Tensors by what can be said of them. Large ones first, so that no thread is left alone with one at the end. */
function sorted(checkpoint: Checkpoint): {
  floating: Weight[];
  opaque: Weight[];
  notScanned: { reason: string; tensors: number }[];
} {
  const floating: Weight[] = [];
  const opaque: Weight[] = [];
  const reasons = new Map<string, number>();
  for (const row of checkpoint.tensors.values()) {
    if (isReadable(row)) {
      floating.push(wholeWeight(checkpoint, row));
      continue;
    }
    const reason = reasonOf(row);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (row.offset !== null && numberType(row.dtype)) opaque.push(wholeWeight(checkpoint, row));
  }
  floating.sort((a, b) => b.storedBytes - a.storedBytes);
  return { floating, opaque, notScanned: [...reasons].map(([reason, tensors]) => ({ reason, tensors })) };
}

function reasonOf(row: TensorRow): string {
  if (row.missing) return 'in missing shards';
  if (row.offset === null) return 'with a damaged entry in the header';
  if (row.quantised) return `quantised (${row.quantised.kind}): ${row.quantised.reason ?? 'not read'}`;
  const kind = numberType(row.dtype)?.kind;
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

/** One pass over a tensor in storage order; a second one only if something has to be located. */
async function measure(weight: Weight, backend: LinearAlgebraBackend, signal: AbortSignal): Promise<Measured> {
  const type = matrixType(weight) as MatrixType;
  const { shape, rows, columns, count } = weight;
  // A single row longer than a chunk comes in pieces.
  const whole = rows > 1 || columns <= CHUNK_WEIGHTS;
  const matrixRows = shape.length === 3 ? (shape[1] ?? 1) : rows;
  const scan = shape.length > 1 && count > 0 && whole ? new LineScan(type, matrixRows, columns) : null;
  const accumulator = new StatsAccumulator();
  const read = { weights: CHUNK_WEIGHTS, signal };
  for await (const { data } of readChunks(weight, read)) {
    const counted = backend.elements
      ? backend.elements.stats(type, data, signal)
      : Promise.resolve(chunkStats(type, data));
    // Rows and columns are looked through here while a worker counts.
    scan?.add(data);
    accumulator.add(await counted);
  }
  const stats = accumulator.finish();
  const locator = new Locator(type, shape);
  // no value of F16 or of an F8 kind is that large
  const holdsOverflow = (stats.absMax ?? 0) >= FP16_OVERFLOW;
  if (stats.nan || stats.inf || holdsOverflow)
    for await (const { first, data } of readChunks(weight, read)) locator.add(first, data);
  const { variance, mean } = accumulator;
  return {
    weight,
    stats,
    rms: variance === null || mean === null ? null : Math.sqrt(variance + mean * mean),
    lines: scan?.found ?? null,
    firstNaN: locator.firstNaN,
    firstInfinite: locator.firstInfinite,
    overflows: locator.overflows,
    firstOverflow: locator.firstOverflow,
  };
}
