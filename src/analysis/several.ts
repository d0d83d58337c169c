/**
 * Several tuned checkpoints of one base as one stream (METRICS D): each against the base, and all of them beside each other, matrix by
 * matrix. Every weight of every run is read once, and W0 once for each way in which the runs' storage has it.
 */
import { readsBaseReordered, type WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { OffaxisError, throwIfAborted, toWireError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { appendAll, pushTo } from '../protocol/lists.ts';
import type { SeveralEvent, SeveralRequest } from '../protocol/several.ts';
import { agreementOf, type AgreeingRun } from './agreement.ts';
import { changeInMemory, changeOf, changesOf, streamBytes } from './change.ts';
import type { OpenComparison } from './comparisonCache.ts';
import { MatrixMemory, SEVERAL_BUDGET, readBytes, wholeMatrix } from './matrixMemory.ts';
import { leftOutOf, pairsBytes } from './memoryCap.ts';
import { flopsOf, planComparison } from './plan.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';
import { gridOfChanged, inOneType, spectraOfSides, withoutSpectra, type TunedSide } from './spectra.ts';
import { SUBSPACE_RANK } from '../metrics/figures/subspaceSimilarity.ts';

/** One run's pair of a weight. */
interface Side {
  run: number;
  pair: WeightPair;
  /** the base's rows are read in another order than they lie in */
  reordered: boolean;
}
interface Item {
  name: string;
  spectral: boolean;
  count: number;
  sides: Side[];
}

/**
 * Yields every run's `plan` first. What fails of one run yields its `failed`, and the rest goes on. Throws `cancelled`, bad-parameter, and
 * read-failed if a file is not any more what it was when it was opened; what was yielded stays valid.
 */
export async function* compareSeveral(
  backend: LinearAlgebraBackend,
  opened: readonly OpenComparison[],
  request: SeveralRequest,
  signal: AbortSignal,
): AsyncGenerator<SeveralEvent, void, undefined> {
  const { parameters } = request;
  if (parameters.spectra === 'leading')
    throw new OffaxisError(
      'bad-parameter',
      say('Several runs are compared by whole spectra or by how their weights change, not by leading triplets alone.'),
    );
  const all = itemsOf(opened);
  const leftOut = leftOutOf(all.map(pairsOf), parameters, backend);
  for (const [run, open] of opened.entries()) {
    const plan = planComparison(open, parameters, backend, leftOut);
    yield { type: 'run', run, event: { type: 'plan', plan, backend: backend.info } };
  }
  const finished = new Set(request.done);
  const items = all.filter(({ name }) => !finished.has(name));
  const isMatrix = ({ name, spectral }: Item): boolean =>
    spectral && parameters.spectra !== false && !leftOut.has(name);
  const queue = new WorkQueue(items);
  const cost = (item: Item): number =>
    item.sides.reduce((sum, { pair }) => sum + (isMatrix(item) ? flopsOf(pair, parameters) : pair.count), 0);
  const time = new Estimate(queue.sum(cost));
  const pace = new Pace();
  const { budget = Infinity } = backend;
  const isCapped = budget < Infinity;
  const memory = new MatrixMemory(isCapped ? budget : SEVERAL_BUDGET);
  /** All that is at work counts against a cap; without one the codes that wait for a thread, whose work the pool bounds. */
  const bytesOf = (item: Item): number => {
    const pairs = pairsOf(item);
    if (!item.spectral) return pairs.reduce((total, pair) => total + streamBytes(pair), 0);
    return isCapped && isMatrix(item) ? pairsBytes(pairs, parameters, backend) : readBytes(pairs);
  };
  const total = items.length;
  let done = 0;
  yield { type: 'progress', done, total, secondsLeft: null };
  const work = (item: Item): Promise<SeveralEvent[]> =>
    memory.within(bytesOf(item), signal, () =>
      item.spectral
        ? matrix(item, { runs: opened.length, withSpectra: isMatrix(item) }, request, backend, signal)
        : elementwise(item, request, backend, signal),
    );
  for await (const outcome of runQueue(queue, backend.parallelism, work, signal)) {
    const { item } = outcome;
    time.add(cost(item));
    if ('error' in outcome)
      for (const { run } of item.sides)
        yield { type: 'run', run, event: { type: 'failed', name: item.name, error: outcome.error } };
    else yield* outcome.value;
    yield { type: 'finished', name: item.name };
    if (pace.due(++done === total, item.count))
      yield { type: 'progress', done, total, secondsLeft: time.secondsLeft() };
  }
  for (const { base, tuned } of opened) {
    await base.verify();
    await tuned.verify();
  }
}

const pairsOf = ({ sides }: Item): WeightPair[] => sides.map(({ pair }) => pair);

/** Every weight that some run pairs, in the order of the first that does. */
function itemsOf(opened: readonly OpenComparison[]): Item[] {
  const items = new Map<string, Item>();
  for (const [run, { pairing }] of opened.entries()) {
    const reordered = readsBaseReordered(pairing);
    for (const pair of pairing.pairs) {
      const { name, spectral, count } = pair;
      const item = items.get(name);
      if (item) item.sides.push({ run, pair, reordered });
      else items.set(name, { name, spectral, count, sides: [{ run, pair, reordered }] });
    }
  }
  return [...items.values()];
}

/** The sides for which W0 is read in one way: their base weights are the same numbers. */
function byBase(sides: readonly Side[]): Side[][] {
  const groups = new Map<string, Side[]>();
  for (const side of sides) {
    const { base } = side.pair;
    const key = JSON.stringify([base.type, base.grid, base.dtype, base.rows, base.columns, side.reordered]);
    pushTo(groups, key, side);
  }
  return [...groups.values()];
}

/** A pair with another object for its base weight, which the pairs of several runs then share. */
function over(base: WeightPair['base'], { name, tuned, count, spectral, reason }: WeightPair): WeightPair {
  return { name, base, tuned, count, spectral, ...(reason === undefined ? {} : { reason }) };
}

const failure = (run: number, name: string, error: unknown): SeveralEvent => ({
  type: 'run',
  run,
  event: { type: 'failed', name, error: toWireError(error) },
});

/** A tensor without a spectrum: how each run changed it. */
async function elementwise(
  { name, sides }: Item,
  { parameters }: SeveralRequest,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<SeveralEvent[]> {
  const events: SeveralEvent[] = [];
  for (const group of byBase(sides)) {
    const base = (group[0] as Side).pair.base;
    const pairs = group.map(({ pair }) => over(base, pair));
    try {
      const changes = await changesOf(pairs, parameters, backend, signal);
      for (const [i, { run }] of group.entries())
        events.push({
          type: 'run',
          run,
          event: { type: 'change', tensor: (changes[i] as (typeof changes)[number]).tensor },
        });
    } catch {
      throwIfAborted(signal);
      // One of them cannot be read: each by itself says which.
      for (const { run, pair } of group)
        try {
          const { tensor } = await changeOf(pair, parameters, backend, signal);
          events.push({ type: 'run', run, event: { type: 'change', tensor } });
        } catch (error) {
          throwIfAborted(signal);
          events.push(failure(run, name, error));
        }
    }
  }
  return events;
}

/** A matrix: each run against the base, with its spectra, and all of them beside each other. It lies in memory for this call. */
async function matrix(
  item: Item,
  { runs, withSpectra }: { runs: number; withSpectra: boolean },
  request: SeveralRequest,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<SeveralEvent[]> {
  const { parameters } = request;
  const events: SeveralEvent[] = [];
  const read: AgreeingRun[] = [];
  for (const group of byBase(item.sides)) {
    const weight = (group[0] as Side).pair.base;
    const base = await wholeMatrix(weight, signal);
    for (const { run, pair: own, reordered } of group) {
      const pair = over(weight, own);
      try {
        const tuned = await wholeMatrix(pair.tuned, signal);
        const codes = { base: base.data, tuned: tuned.data };
        const change = await changeInMemory(pair, codes, parameters, backend, signal);
        read.push({ run, item: pair, change, base, tuned, reordered, updateRight: null });
      } catch (error) {
        throwIfAborted(signal);
        events.push(failure(run, item.name, error));
      }
    }
  }
  read.sort((a, b) => a.run - b.run);
  if (withSpectra) appendAll(events, await spectra(read, request, backend, signal));
  else
    for (const { run, change } of read)
      events.push({ type: 'run', run, event: { type: 'change', tensor: change.tensor } });
  appendAll(events, await agreementOf(read, runs, request, backend, signal));
  return events;
}

/** Every run's spectral part; the runs of one storage share the base's factors. Fills `updateRight`. */
async function spectra(
  read: readonly AgreeingRun[],
  { parameters }: SeveralRequest,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<SeveralEvent[]> {
  const events: SeveralEvent[] = [];
  const groups = new Map<string, AgreeingRun[]>();
  for (const one of read) {
    if (!one.change.finite) {
      events.push({ type: 'run', run: one.run, event: { type: 'matrix', ...withoutSpectra(one, parameters) } });
      continue;
    }
    const { grid } = gridOfChanged(one);
    const key = JSON.stringify([
      read.findIndex(({ base }) => base === one.base),
      one.tuned.type,
      grid.grid,
      grid.onGrid,
    ]);
    pushTo(groups, key, one);
  }
  for (const group of groups.values()) {
    const { base, tuned } = group[0] as AgreeingRun;
    const [w0] = inOneType(base, tuned);
    const sides: TunedSide[] = group.map(({ item, change, tuned: of }) => ({ item, change, tuned: of }));
    const rank = Math.min(SUBSPACE_RANK, base.rows, base.columns);
    try {
      const outcomes = await spectraOfSides(backend, w0, sides, parameters, signal, rank);
      for (const [i, { tensor, detail, quantities }] of outcomes.entries()) {
        const one = group[i];
        if (!one) throw new OffaxisError('bug', 'More spectra came than were asked for.');
        one.updateRight = quantities.updateRight ?? null;
        events.push({ type: 'run', run: one.run, event: { type: 'matrix', tensor, detail } });
      }
    } catch (error) {
      throwIfAborted(signal);
      for (const { run, change, item } of group) {
        events.push({ type: 'run', run, event: { type: 'change', tensor: change.tensor } });
        events.push(failure(run, item.name, error));
      }
    }
  }
  return events;
}
