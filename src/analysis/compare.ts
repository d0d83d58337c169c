/** A comparison as a stream: the plan, then how every tensor changed, then the spectra matrix by matrix. */
import { readMatrix, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { angleDegrees, updateMetrics } from '../metrics/index.ts';
import { castCodes } from '../numbers/index.ts';
import type { CompareRequest, ComparisonEvent, MatrixDetail } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonParameters, ComparisonTensor, TwinMetrics } from '../protocol/results.ts';
import type { OpenComparison } from './comparisonCache.ts';
import { changeOf, gridFor, matrixType, type Change } from './change.ts';
import { flopsOf, planComparison, ranksOf } from './plan.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';
import { pairsOfShard } from './shards.ts';
import { twinChange, twinOf } from './twin.ts';

export interface RunningComparison {
  prioritize(name: string): void;
}

/**
 * Yields `plan` first, unless `known` says that the caller has this one. A tensor that fails yields `failed` and the rest goes on.
 * `done` names the matrices that an earlier run finished: nothing of them is computed again; of a `shard` only its part is. Throws `cancelled`, and read-failed if a
 * file is not any more what it was when it was opened; what was yielded
 * stays valid.
 */
export async function* compareCheckpoints(
  backend: LinearAlgebraBackend,
  open: OpenComparison,
  request: CompareRequest,
  running: Map<string, RunningComparison>,
  signal: AbortSignal,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const { parameters } = request;
  try {
    const plan = planComparison(open, parameters, backend);
    if (plan.id !== request.known) yield { type: 'plan', plan, backend: backend.info };
    const done = new Set(request.done);
    const { shard } = request;
    const mine = shard ? pairsOfShard(open.pairing.pairs, parameters, shard) : open.pairing.pairs;
    const pairs = mine.filter((item) => !done.has(item.name));
    const changes = new Map<string, Change>();
    yield* stage(
      {
        phase: 'change',
        queue: new WorkQueue(pairs),
        cost: (pair) => pair.count,
        work: (pair) => changeOf(pair, parameters, backend, signal),
        event(pair, change) {
          // Of the others nothing is needed any more.
          if (parameters.spectra && pair.spectral) changes.set(pair.name, change);
          return { type: 'change', tensor: change.tensor };
        },
      },
      backend.parallelism,
      signal,
    );
    const queue = new WorkQueue(pairs.filter((pair) => changes.has(pair.name)));
    running.set(request.runId, { prioritize: (name) => void queue.prioritize(name) });
    if (queue.size > 0)
      yield* stage(
        {
          phase: 'spectra',
          queue,
          cost: (pair) => flopsOf(pair, parameters),
          work: (pair) => spectraOf(pair, changes.get(pair.name) as Change, parameters, backend, signal),
          event: (_, outcome) => ({ type: 'matrix', ...outcome }),
        },
        backend.parallelism,
        signal,
      );
    await open.base.verify();
    await open.tuned.verify();
  } finally {
    running.delete(request.runId);
  }
}

interface Stage<R> {
  phase: Extract<ComparisonEvent, { type: 'progress' }>['phase'];
  queue: WorkQueue<WeightPair>;
  /** in any unit */
  cost(pair: WeightPair): number;
  work(pair: WeightPair): Promise<R>;
  event(pair: WeightPair, value: R): ComparisonEvent;
}
/** All pairs of a queue, what became of each, and how far it has come. Throws cancelled. */
async function* stage<R>(
  { phase, queue, cost, work, event }: Stage<R>,
  parallelism: number,
  signal: AbortSignal,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const total = queue.size;
  const time = new Estimate(queue.sum(cost));
  const pace = new Pace();
  let done = 0;
  yield { type: 'progress', phase, done, total, secondsLeft: null };
  for await (const outcome of runQueue(queue, parallelism, work, signal)) {
    const { item } = outcome;
    time.add(cost(item));
    if ('error' in outcome) yield { type: 'failed', name: item.name, error: outcome.error };
    else yield event(item, outcome.value);
    if (pace.due(++done === total, item.count))
      yield { type: 'progress', phase, done, total, secondsLeft: time.secondsLeft() };
  }
}

interface MatrixOutcome {
  tensor: ComparisonTensor;
  detail: MatrixDetail;
}

/** The spectral part of one pair; the matrices live only in this call. */
async function spectraOf(
  item: WeightPair,
  change: Change,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<MatrixOutcome> {
  const start = performance.now();
  const { base, tuned } = item;
  const { rows, columns } = base;
  const { angleRank, maskRank } = ranksOf(item, parameters);
  const { grid: stored, hasNull } = gridFor(item);
  const grid = { ...stored, onGrid: stored.onGrid || change.onGrid };
  const { alpha } = parameters;
  const { metrics, reasons, flags } = change.tensor;
  const [w0, w1] = change.finite
    ? inOneType(await matrixOf(base, signal), await matrixOf(tuned, signal))
    : [null, null];
  const norm = metrics.updateNorm ?? 0;
  const noise = { name: item.name, norm, grid };
  const twin = parameters.twin && w0 && norm > 0 ? await twinOf(backend, w0, noise, parameters, signal) : null;
  const ranks = { angleRank, maskRank };
  const quantities =
    w0 && w1 ? await backend.comparePair(w0, w1, { ...ranks, alpha, grid, signal, ...(twin ? { twin } : {}) }) : null;
  const context = { rows, columns, ...ranks, grid, hasNull, baseVariance: change.baseVariance };
  const update = updateMetrics(quantities, {
    ...context,
    tunedVariance: change.tunedVariance,
    updateVariance: change.updateVariance,
  });
  const twinMetrics = async (): Promise<TwinMetrics | null> => {
    if (!w0 || !twin || !quantities?.twin) return null;
    const sums = await twinChange(backend, w0, twin, grid, parameters, signal);
    const { baseValues, zeros } = quantities;
    const { tuned, updateVariance } = sums;
    const spectral = updateMetrics(
      { baseValues, zeros, ...quantities.twin },
      { ...context, tunedVariance: tuned.variance, updateVariance },
    );
    return { ...sums.metrics(), ...spectral.metrics };
  };
  return {
    tensor: {
      ...change.tensor,
      metrics: {
        ...metrics,
        ...update.metrics,
        base: { ...metrics.base, ...update.base },
        tuned: { ...metrics.tuned, ...update.tuned },
        ...(parameters.twin ? { twin: await twinMetrics() } : {}),
      },
      flags: [...new Set([...flags, ...update.flags])],
      reasons: [...new Set([...reasons, ...update.reasons])],
      elapsedMs: change.tensor.elapsedMs + performance.now() - start,
      ...(quantities ? { computedOn: quantities.computedOn ?? backend.info.kind } : {}),
      ...(quantities?.recomputed ? { recomputed: quantities.recomputed } : {}),
    },
    detail: {
      name: item.name,
      baseSingularValues: [...(quantities?.baseValues ?? [])],
      tunedSingularValues: [...(quantities?.tunedValues ?? [])],
      updateSingularValues: [...(quantities?.updateValues ?? [])],
      anglesU: quantities?.anglesU ? [...angleDegrees(quantities.anglesU)] : [],
      anglesV: quantities?.anglesV ? [...angleDegrees(quantities.anglesV)] : [],
      rowDensity: change.rowDensity ?? [],
      columnDensity: change.columnDensity ?? [],
    },
  };
}

/** An update that no file holds is not rounded: the base beside it is widened, which is exact. */
function inOneType(base: Matrix, tuned: Matrix): [Matrix, Matrix] {
  if (base.type === tuned.type) return [base, tuned];
  const data = new Uint8Array(new SharedArrayBuffer(tuned.data.byteLength));
  castCodes(base.type, base.data, tuned.type, data);
  return [{ ...base, type: tuned.type, data }, tuned];
}

async function matrixOf(weight: Weight, signal: AbortSignal): Promise<Matrix> {
  const { rows, columns, name, dtype } = weight;
  const type = matrixType(weight);
  if (type === null) throw new OffaxisError('bug', `${name} has type ${dtype}, which has no spectrum.`);
  return { rows, columns, type, data: await readMatrix(weight, signal) };
}
