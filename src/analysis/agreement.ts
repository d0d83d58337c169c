/** One matrix of several runs beside each other: the sums of which the figures of METRICS D are made. */
import { createHash } from 'node:crypto';
import { agreeingSums, pairIndex, type AgreeingSide, type AgreeingSums } from '../linalg/agreeing.ts';
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { chanceOverlap, overlapOf, SUBSPACE_RANK } from '../metrics/figures/subspaceSimilarity.ts';
import { weightLinearity } from '../metrics/figures/linearity.ts';
import type { ChangeProbability } from '../metrics/index.ts';
import { changeProbability, expectedConsensus, expectedShared } from '../metrics/several.ts';
import { bytesOf, decodeCodes } from '../numbers/index.ts';
import { throwIfAborted } from '../protocol/errors.ts';
import type { AgreementOfRuns, SeveralEvent, SeveralRequest } from '../protocol/several.ts';
import { mergedType } from './change.ts';
import { gridOfChanged, type ChangedPair } from './spectra.ts';

/** One run's matrix, in memory. */
export interface AgreeingRun extends ChangedPair {
  run: number;
  base: Matrix;
  tuned: Matrix;
  reordered: boolean;
  /** the leading right singular vectors of D, [n, K]; null if there are not so many, or none were computed */
  updateRight: Float32Array | Float64Array | null;
}
/** A run as its changes are counted. */
interface Counted extends AgreeingRun {
  side: AgreeingSide;
  /** runs of one key share the histogram over cells */
  cells: string;
  chance: ChangeProbability | null;
}

/** `runs`: how many there are in all. Throws cancelled. */
export async function agreementOf(
  read: readonly AgreeingRun[],
  runs: number,
  { steps, parameters }: SeveralRequest,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<SeveralEvent[]> {
  const events: SeveralEvent[] = [];
  const [first] = read;
  if (!first) return [];
  const comparable = read.filter((one) => {
    const reason = whyApart(first, one);
    if (reason !== null) events.push({ type: 'skipped', run: one.run, name: one.item.name, reason });
    return reason === null;
  });
  if (comparable.length < (steps ? 1 : 2)) return events;
  const bases = [...new Set(comparable.map(({ base }) => base))];
  const counted = comparable.map((one): Counted => {
    const { grid, hasNull } = gridOfChanged(one);
    const { base, tuned, item } = one;
    const cells = hasNull ? JSON.stringify([bases.indexOf(base), grid.grid, grid.onGrid]) : '';
    return { ...one, side: { base, tuned, merged: mergedType(item.tuned), grid }, cells, chance: null };
  });
  const sides = counted.map(({ side }) => side);
  const sums = backend.elements
    ? await backend.elements.agreeing(sides, signal)
    : agreeingSums(sides, () => throwIfAborted(signal));
  for (const [i, one] of counted.entries()) {
    const total = sums.cells[i] ?? new Float64Array(0);
    // Of a base that is not finite no cell is known.
    const isKnown = one.cells !== '' && one.change.baseVariance !== null && sums.weights > 0;
    one.chance = isKnown ? changeProbability({ grid: one.side.grid, total, changed: sums.changed[i] ?? 0 }) : null;
  }
  const { name, place, rows, columns } = first.item.base;
  const isWhole = counted.length === runs;
  const reasons: string[] = [];
  if (counted.some(({ change }) => !change.finite)) reasons.push(NOT_FINITE);
  const value: AgreementOfRuns = {
    name,
    ...{ layer: place.layer, module: place.module, shape: [rows, columns] },
    pairs: pairsOf(counted, sums, parameters.spectra !== false),
    consensus: isWhole ? { counts: [...sums.consensus], expected: consensusOf(counted, sums) } : null,
    path: steps && isWhole ? pathOf(counted, sums, steps) : null,
    reasons,
  };
  events.push({ type: 'agreement', value });
  return events;
}

const NOT_FINITE = 'A run, or the base, holds NaN or infinities here: what is made of the updates is not defined.';
const TYPES = 'The two are stored in different types: no rounding null is common to both.';
const SCALES = 'A side is computed from several numbers, as codes and their scales: no rounding null is defined.';
const FEW = `The subspaces are of ${SUBSPACE_RANK} directions, or of all if there are fewer: an update of lower rank has not so many.`;

/** Why a run's weights can't be put beside the first one's. */
function whyApart(first: AgreeingRun, { base, reordered }: AgreeingRun): string | null {
  const [rows, columns] = [first.base.rows, first.base.columns];
  if (base.rows !== rows || base.columns !== columns)
    return `it pairs with [${base.rows}, ${base.columns}] of the base, the runs before it with [${rows}, ${columns}]`;
  return reordered === first.reordered ? null : 'its rows lie in another order than those of the runs before it';
}

function pairsOf(counted: readonly Counted[], sums: AgreeingSums, hasSpectra: boolean): AgreementOfRuns['pairs'] {
  const pairs: AgreementOfRuns['pairs'] = [];
  const n = counted.length;
  for (const [i, one] of counted.entries())
    for (const [ahead, other] of counted.slice(i + 1).entries()) {
      const j = i + 1 + ahead;
      const at = pairIndex(i, j, n);
      const finite = one.change.finite && other.change.finite;
      const { rows, columns } = one.base;
      const rank = Math.min(SUBSPACE_RANK, rows, columns);
      const both = one.updateRight && other.updateRight ? overlapOf(one.updateRight, other.updateRight, rank) : null;
      const common = one.chance && other.chance && one.cells === other.cells;
      const reasons: string[] = [];
      if (!finite) reasons.push(NOT_FINITE);
      else if (one.cells === '' || other.cells === '') reasons.push(SCALES);
      else if (one.cells !== other.cells) reasons.push(TYPES);
      if (finite && hasSpectra && !both) reasons.push(FEW);
      pairs.push({
        ...{ i: one.run, j: other.run, reasons },
        source: {
          weights: sums.weights,
          changed: [sums.changed[i] ?? 0, sums.changed[j] ?? 0],
          shared: sums.pairs.shared[at] ?? 0,
          sameSign: sums.pairs.sameSign[at] ?? 0,
          expected:
            common && one.chance && other.chance
              ? expectedShared(sums.cells[i] ?? new Float64Array(0), one.chance, other.chance)
              : null,
          products: finite
            ? { inner: sums.pairs.inner[at] ?? 0, one: sums.squares[i] ?? 0, other: sums.squares[j] ?? 0 }
            : null,
          similarity: both,
          chance: chanceOverlap(rank, columns),
        },
      });
    }
  return pairs;
}

/** Null if a run has no null, or none in common with the others. */
function consensusOf(counted: readonly Counted[], sums: AgreeingSums): number[] | null {
  const chances = counted.flatMap(({ chance }) => chance ?? []);
  const isCommon = new Set(counted.map(({ cells }) => cells)).size === 1;
  if (!isCommon || chances.length < counted.length) return null;
  return expectedConsensus(sums.cells[0] ?? new Float64Array(0), chances);
}

/** Every run is a step, in their order. */
function pathOf(
  counted: readonly Counted[],
  sums: AgreeingSums,
  { start, steps }: NonNullable<SeveralRequest['steps']>,
): NonNullable<AgreementOfRuns['path']> {
  const n = counted.length;
  const { rows, columns } = (counted[0] as Counted).base;
  const rank = Math.min(SUBSPACE_RANK, rows, columns);
  const last = counted.at(-1)?.updateRight ?? null;
  const gram = Array.from({ length: n * n }, (_, at) => {
    const [s, t] = [Math.floor(at / n), at % n];
    return (s === t ? sums.squares[s] : sums.pairs.inner[pairIndex(Math.min(s, t), Math.max(s, t), n)]) ?? 0;
  });
  return {
    start,
    steps,
    baseSquares: sums.baseSquares,
    products: counted.every(({ change }) => change.finite) ? { gram, increments: [...sums.increments] } : null,
    similarity: counted.map(({ updateRight }) => (updateRight && last ? overlapOf(updateRight, last, rank) : null)),
    chance: chanceOverlap(rank, columns),
    linear: linearOf(counted, [start, ...steps]),
  };
}

/** Share of a matrix's weights that are sampled, and how many at least (METRICS: linearity). */
const SAMPLED = 1e-3;
const LEAST_SAMPLED = 50;

/** Of one weight in each equal part of the matrix, drawn by its name: the same every time. */
function linearOf(counted: readonly Counted[], at: readonly number[]): { sum: number; weights: number } {
  const first = counted[0] as Counted;
  const count = first.base.rows * first.base.columns;
  const samples = Math.min(count, Math.max(LEAST_SAMPLED, Math.ceil(SAMPLED * count)));
  const draw = drawsOf(first.item.name);
  const value = ({ type, data }: Matrix, index: number): number =>
    decodeCodes(type, data.subarray(index * bytesOf(type), (index + 1) * bytesOf(type)))[0] ?? NaN;
  let [sum, weights] = [0, 0];
  for (let k = 0; k < samples; k++) {
    const index = Math.min(count - 1, Math.floor(((k + draw()) / samples) * count));
    const squared = weightLinearity([value(first.base, index), ...counted.map(({ tuned }) => value(tuned, index))], at);
    if (squared === null) continue;
    sum += squared;
    weights++;
  }
  return { sum, weights };
}

/** Numbers from 0 to 1 out of a name. */
function drawsOf(name: string): () => number {
  let block = 0;
  let words: number[] = [];
  return () => {
    if (words.length === 0) {
      const digest = createHash('sha256').update(`${name} ${block++}`, 'utf8').digest();
      words = Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(4 * i) / 2 ** 32);
    }
    return words.pop() ?? 0;
  };
}
