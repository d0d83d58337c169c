/** Two updates of one base beside each other: of adapters through their factors, of anything else row by row over the base. */
import { readChunks, updatesAlone, type AloneUpdate, type Checkpoint, type WeightPair } from '../checkpoint/index.ts';
import { coreOf, innerProduct, type ThinMatrix } from '../linalg/thin.ts';
import { svd } from '../linalg/reference/svd.ts';
import { subspaceSimilarity, SUBSPACE_RANK } from '../metrics/updatePair.ts';
import { rankTolerance } from '../metrics/figures/numericalRank.ts';
import { bytesOf, castCodes, type MatrixType } from '../numbers/index.ts';
import type { UpdatePair, UpdatePairEvent } from '../protocol/updatePair.ts';
import { CHUNK_WEIGHTS, matrixType } from './change.ts';

type Place = Pick<UpdatePair, 'name' | 'layer' | 'module' | 'shape'>;

/** Is every update of the adapter known without its base? */
export function isKnownAlone(checkpoint: Checkpoint): boolean {
  const { adapter } = checkpoint;
  return (
    adapter !== null &&
    adapter.whole.length === 0 &&
    updatesAlone(checkpoint).every(({ thin }) => typeof thin !== 'string')
  );
}

/** Two adapters, of what is known without their base. Throws bad-file, read-failed, cancelled. */
export async function* adapterPair(
  one: Checkpoint,
  other: Checkpoint,
  signal: AbortSignal,
): AsyncGenerator<UpdatePairEvent, void, undefined> {
  const others = new Map(updatesAlone(other).map((update) => [update.name, update]));
  const updates = updatesAlone(one);
  let done = 0;
  for (const update of updates) {
    const { name } = update;
    const partner = others.get(name);
    others.delete(name);
    const value = partner ? await pairOf(update, partner, signal) : 'only the first adapter changes it';
    yield typeof value === 'string' ? { type: 'skipped', value: { name, reason: value } } : { type: 'matrix', value };
    yield { type: 'progress', done: ++done, total: updates.length };
  }
  for (const name of others.keys())
    yield { type: 'skipped', value: { name, reason: 'only the second adapter changes it' } };
}

async function pairOf(one: AloneUpdate, other: AloneUpdate, signal: AbortSignal): Promise<UpdatePair | string> {
  if (typeof one.thin === 'string') return `of the first adapter: ${one.thin}`;
  if (typeof other.thin === 'string') return `of the second adapter: ${other.thin}`;
  const [left, right] = [await one.thin(signal), await other.thin(signal)];
  const shape: Place['shape'] = [left.left.rows, left.right.columns];
  if (right.left.rows !== shape[0] || right.right.columns !== shape[1])
    return `shapes differ: [${shape.join(', ')}] against [${right.left.rows}, ${right.right.columns}]`;
  const { name, layer, module } = one;
  const sums = { inner: innerProduct(left, right), squares: [innerProduct(left, left), innerProduct(right, right)] };
  const [a, b] = [await leading(left, signal), await leading(right, signal)];
  return figures({ name, layer, module, shape }, sums, a && b ? { of: subspaceSimilarity(a, b) } : { why: FEW });
}

const FEW = `The subspaces are of ${SUBSPACE_RANK} directions, or of all if there are fewer: an update of lower rank has not so many.`;

/** The leading K right singular vectors of D; null if its numerical rank is under K. */
async function leading(matrix: ThinMatrix, signal: AbortSignal): Promise<Float64Array[] | null> {
  const [rows, columns] = [matrix.left.rows, matrix.right.columns];
  const most = Math.min(SUBSPACE_RANK, rows, columns);
  const { core, inputs } = await coreOf(matrix, signal);
  if (Math.min(core.rows, core.columns) < most) return null;
  const { values, right } = svd({ rows: core.rows, columns: core.columns, data: core.values }, signal);
  const tolerance = rankTolerance(values[0] ?? 0, rows, columns);
  return (values[most - 1] ?? 0) > tolerance ? inputs(right.slice(0, most)) : null;
}

const NOT_THIN =
  'The leading directions of an update that is not a product of thin factors are not computed by this version.';

/** Two tuned sides of one base, in the weights that both pairings hold. Throws read-failed, cancelled. */
export async function* weightPair(
  one: readonly WeightPair[],
  other: readonly WeightPair[],
  signal: AbortSignal,
): AsyncGenerator<UpdatePairEvent, void, undefined> {
  const others = new Map(other.map((pair) => [pair.name, pair]));
  const both = one.filter(({ name, spectral }) => spectral && others.has(name));
  let done = 0;
  for (const pair of both) {
    const { name, base } = pair;
    const sums = await sumsOf(pair, others.get(name) as WeightPair, signal);
    const { layer, module } = base.place;
    const place: Place = { name, layer, module, shape: [base.rows, base.columns] };
    yield { type: 'matrix', value: figures(place, sums, { why: NOT_THIN }) };
    yield { type: 'progress', done: ++done, total: both.length };
  }
}

interface Sums {
  /** <D1, D2> */
  inner: number;
  /** norm_F^2 of both */
  squares: number[];
}

/** Each D over the base as its own tuned side takes it (METRICS: Storage). */
async function sumsOf(one: WeightPair, other: WeightPair, signal: AbortSignal): Promise<Sums> {
  const read = { weights: CHUNK_WEIGHTS, signal };
  const weights = [one.base, one.tuned, other.base, other.tuned];
  const streams = weights.map((weight) => readChunks(weight, read)[Symbol.asyncIterator]());
  const types = weights.map((weight) => matrixType(weight) as MatrixType);
  let [inner, first, second] = [0, 0, 0];
  for (;;) {
    const chunks = await Promise.all(streams.map((stream) => stream.next()));
    const values = chunks.flatMap((chunk, i) =>
      chunk.done ? [] : [numbers(types[i] as MatrixType, chunk.value.data)],
    );
    const [w0, w1, v0, v1] = values;
    if (!w0 || !w1 || !v0 || !v1) return { inner, squares: [first, second] };
    for (let i = 0; i < w0.length; i++) {
      const [d, e] = [(w1[i] as number) - (w0[i] as number), (v1[i] as number) - (v0[i] as number)];
      inner += d * e;
      first += d * d;
      second += e * e;
    }
  }
}

function numbers(type: MatrixType, data: Uint8Array): Float64Array {
  const values = new Float64Array(data.byteLength / bytesOf(type));
  castCodes(type, data, 'F64', new Uint8Array(values.buffer));
  return values;
}

function figures(place: Place, { inner, squares }: Sums, similarity: { of: number } | { why: string }): UpdatePair {
  const [rows, columns] = place.shape;
  const norms = squares.map((square) => Math.sqrt(Math.max(0, square)));
  const [a = 0, b = 0] = norms;
  return {
    ...place,
    updateNorms: [a, b],
    updateCosine: a > 0 && b > 0 ? inner / (a * b) : null,
    cosineDeviation: 1 / Math.sqrt(rows * columns),
    subspaceSimilarity: 'of' in similarity ? similarity.of : null,
    subspaceChance: Math.min(SUBSPACE_RANK, rows, columns) / columns,
    reasons: [
      ...(a > 0 && b > 0 ? [] : ['One of the two updates is 0.']),
      ...('why' in similarity ? [similarity.why] : []),
    ],
  };
}
