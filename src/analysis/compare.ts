/**
 * A comparison as a stream: the plan, then how every tensor changed, then matrix by matrix where the update points (leading triplets) or,
 * with that, what the spectra did.
 */
import { SharedBuffers, type WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import type { CompareRequest, ComparisonEvent } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonParameters } from '../protocol/results.ts';
import type { OpenComparison } from './comparisonCache.ts';
import { changeOf, streamBytes, type Change } from './change.ts';
import { KeptRun, type Keeping } from './kept/run.ts';
import { MatrixMemory, wholeMatrix } from './matrixMemory.ts';
import { pairsBytes } from './memoryCap.ts';
import { flopsOf, planComparison } from './plan.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';
import { pairsOfShard } from './shards.ts';
import { alignmentOf } from './alignment.ts';
import { inOneType, spectraOfSides, withoutSpectra, type MatrixOutcome } from './spectra.ts';

export interface RunningComparison {
  prioritize(name: string): void;
}

/**
 * Yields `plan` first, unless `known` says that the caller has this one. A tensor that fails yields `failed` and the rest goes on.
 * `done` names the matrices that an earlier run finished: nothing of them is computed again; of a `shard` only its part is. Throws `cancelled`, and read-failed if a
 * file is not any more what it was when it was opened; what was yielded
 * stays valid. `keeping`: where results of earlier runs are looked for and these are kept.
 */
export async function* compareCheckpoints(
  backend: LinearAlgebraBackend,
  open: OpenComparison,
  request: CompareRequest,
  running: Map<string, RunningComparison>,
  signal: AbortSignal,
  keeping: Keeping | null = null,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const { parameters } = request;
  try {
    const plan = planComparison(open, parameters, backend);
    if (plan.id !== request.known) yield { type: 'plan', plan, backend: backend.info };
    // Every file is looked at for that, and a long list decoded: the plan does not wait for it.
    const kept = await KeptRun.find(keeping, open, parameters, backend);
    const done = new Set(request.done);
    const { shard } = request;
    const mine = shard ? pairsOfShard(open.pairing.pairs, parameters, shard) : open.pairing.pairs;
    const pairs = mine.filter((item) => !done.has(item.name));
    const changes = new Map<string, Change>();
    const memory = new MatrixMemory(backend.budget ?? Infinity);
    const chunks = new SharedBuffers();
    const matrices = new Set(plan.pairs.flatMap(({ name, spectral }) => (spectral ? [name] : [])));
    yield* stage(
      {
        phase: 'change',
        queue: new WorkQueue(pairs),
        cost: (pair) => pair.count,
        work: async (pair) =>
          kept?.change(pair) ??
          memory.within(streamBytes(pair), signal, () => changeOf(pair, parameters, backend, signal, chunks)),
        event(pair, change) {
          kept?.add(pair, change);
          // Of the others nothing is needed any more.
          if (matrices.has(pair.name)) changes.set(pair.name, change);
          return { type: 'change', tensor: change.tensor };
        },
      },
      backend.parallelism,
      signal,
    );
    await kept?.keepChanges();
    const codes = new SharedBuffers();
    const queue = new WorkQueue(pairs.filter((pair) => changes.has(pair.name)));
    running.set(request.runId, { prioritize: (name) => void queue.prioritize(name) });
    if (queue.size > 0)
      yield* stage(
        {
          phase: parameters.spectra === 'leading' ? 'alignment' : 'spectra',
          queue,
          cost: (pair) => flopsOf(pair, parameters),
          async work(pair) {
            const known = await kept?.outcome(pair);
            if (known) return known;
            const change = changes.get(pair.name) as Change;
            const outcome = await memory.within(pairsBytes([pair], parameters, backend), signal, () =>
              matrixOf(pair, change, parameters, backend, signal, codes),
            );
            await kept?.keepOutcome(pair, outcome);
            return outcome;
          },
          event: (_, outcome) => ({ type: 'matrix', ...outcome }),
        },
        backend.parallelism,
        signal,
      );
    await open.base.verify();
    await open.tuned.verify();
    await keeping?.cache.flush();
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

/** The spectral part of one pair, as far as the parameters ask for it; the matrices live only in this call. */
async function matrixOf(
  item: WeightPair,
  change: Change,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
  buffers: SharedBuffers,
): Promise<MatrixOutcome> {
  if (!change.finite) return withoutSpectra({ item, change }, parameters);
  const read = [await wholeMatrix(item.base, signal, buffers), await wholeMatrix(item.tuned, signal, buffers)] as const;
  const outcome = await spectraOfPair({ item, change }, inOneType(...read), parameters, backend, signal);
  // after an error a thread may still be at them
  for (const { data } of read) buffers.give(data);
  return outcome;
}

async function spectraOfPair(
  { item, change }: { item: WeightPair; change: Change },
  [w0, tuned]: readonly [Matrix, Matrix],
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<MatrixOutcome> {
  const side = { item, change, tuned };
  if (parameters.spectra === 'leading') return alignmentOf(backend, w0, side, parameters, signal);
  const [outcome] = await spectraOfSides(backend, w0, [side], parameters, signal);
  if (!outcome) throw new OffaxisError('bug', `${item.name} came without its spectra.`);
  return { tensor: outcome.tensor, detail: outcome.detail };
}
