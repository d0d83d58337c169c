/** The picture of a matrix, or of how a pair of them differs: rows are streamed, two chunks at a time, whatever the size. */
import {
  planeWeight,
  readableTensor,
  readChunks,
  type Chunk,
  type Checkpoint,
  type Weight,
  type WeightPair,
} from '../checkpoint/index.ts';
import { Grid, numbersOf, numberType, undecodable } from '../numbers/index.ts';
import type { PictureCheckpoints } from '../protocol/engine.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { MAX_PICTURE_SIDE, type PictureEvent, type PictureRequest, type Rectangle } from '../protocol/matrix.ts';
import { gridFor } from './change.ts';
import type { CheckpointCache } from './checkpointCache.ts';
import type { ComparisonCache, OpenComparison } from './comparisonCache.ts';
import { PictureSums } from './pictureSums.ts';
import { Estimate } from './queue.ts';
import { checkRectangle } from './values.ts';

/** Weights a chunk: some 10 ms of work, so that other requests and a cancellation come through in between. */
const CHUNK_WEIGHTS = 256 * 1024;
/** Rows up to this length are read whole and cut: many short reads cost more than a few long ones. */
const WHOLE_ROW_BYTES = 64 * 1024;
const PROGRESS_MS = 100;

type Values = Float64Array | Float32Array;
interface Source {
  sides: readonly [base: Weight, tuned?: Weight];
  /** one row of values from each side to what is drawn; for one side the values themselves */
  combine: ((base: Values, tuned: Values) => Values) | null;
  wide: boolean;
}

/** Streams progress, then the picture. Throws bad-parameter, bad-file, read-failed (naming the tensor), cancelled. */
export async function* pictureOf(
  held: { checkpoints: CheckpointCache; comparisons: ComparisonCache },
  checkpoints: PictureCheckpoints,
  request: PictureRequest,
  signal: AbortSignal,
): AsyncGenerator<PictureEvent, void, undefined> {
  if ('path' in checkpoints) {
    const { checkpoint, release } = await held.checkpoints.hold(checkpoints.path, signal);
    try {
      yield* draw(planeSource(checkpoint, request), request, signal);
    } finally {
      await release();
    }
    return;
  }
  const { open, release } = await held.comparisons.hold(checkpoints, signal);
  try {
    yield* draw(pairSource(open, request), request, signal);
  } finally {
    await release();
  }
}

async function* draw(
  source: Source,
  request: PictureRequest,
  signal: AbortSignal,
): AsyncGenerator<PictureEvent, void, undefined> {
  const start = performance.now();
  const [weight] = source.sides;
  checkRectangle(request, weight);
  const rows = request.rows[1] - request.rows[0];
  const columns = request.columns[1] - request.columns[0];
  const side = (pixels: number, lines: number): number =>
    Math.max(1, Math.min(Math.floor(pixels), lines, MAX_PICTURE_SIDE));
  if (rows * columns === 0) throw new OffaxisError('bad-parameter', say`${weight.name}: the part to draw is empty.`);
  const width = side(request.width, columns);
  const height = side(request.height, rows);
  const sums = new PictureSums(request.source.kind, rows, columns, width, height);
  const estimate = new Estimate(rows * columns);
  let told = start;
  let done = 0;
  for await (const count of fill(sums, source, request, signal)) {
    done += count;
    estimate.add(count);
    if (performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    yield { type: 'progress', done, total: rows * columns, secondsLeft: estimate.secondsLeft() };
  }
  const picture = sums.finish(source.wide);
  const rectangle: Rectangle = { rows: [...request.rows], columns: [...request.columns] };
  yield { type: 'picture', picture: { ...rectangle, ...picture, elapsedMs: performance.now() - start } };
}

/** Reads the rectangle and adds it up; yields the weights of each chunk. */
async function* fill(
  sums: PictureSums,
  { sides, combine }: Source,
  { rows, columns }: Rectangle,
  signal: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  const [column0, column1] = columns;
  const wanted = column1 - column0;
  const present = sides.filter((weight) => weight !== undefined);
  const whole = present.every((weight) => isReadWhole(weight, wanted));
  const first = whole ? 0 : column0;
  const width = whole ? sides[0].columns : wanted;
  const area = { rows, columns: [first, first + width] } as const;
  const readers = present.map((weight) => readChunks(weight, { weights: CHUNK_WEIGHTS, area, signal }));
  const [base, tuned] = readers as [AsyncGenerator<Chunk>, AsyncGenerator<Chunk> | undefined];
  try {
    for await (const chunk of base) {
      const values = valuesOf(sides[0], chunk.data);
      const other = await tuned?.next();
      const drawn =
        combine && sides[1] && other && !other.done ? combine(values, valuesOf(sides[1], other.value.data)) : values;
      for (let k = 0; k < drawn.length;) {
        const row = Math.floor((chunk.first + k) / width);
        const column = (chunk.first + k) % width;
        const length = Math.min(width - column, drawn.length - k);
        const skip = Math.max(0, column0 - first - column);
        const end = Math.min(column + length, column1 - first);
        if (column + skip < end) sums.add(row, column + skip + first - column0, drawn, k + skip, end - column - skip);
        k += length;
      }
      throwIfAborted(signal);
      yield (drawn.length / width) * wanted;
    }
  } finally {
    await tuned?.return(undefined);
  }
}

function isReadWhole({ type, columns, order }: Weight, wanted: number): boolean {
  const bytes = (columns * (numberType(type)?.bits ?? 8)) / 8;
  return order === 'rows' && (bytes <= WHOLE_ROW_BYTES || wanted * 2 >= columns);
}

function valuesOf({ type }: Weight, data: Uint8Array): Values {
  return numbersOf(type, data, (data.length * 8) / (numberType(type)?.bits ?? 8));
}

function isWide(dtype: string): boolean {
  const type = numberType(dtype);
  return dtype === 'F64' || (type?.kind === 'integer' && type.bits > 16);
}

function planeSource(checkpoint: Checkpoint, { source }: PictureRequest): Source {
  if ('pair' in source)
    throw new OffaxisError('bad-parameter', say('What changed is drawn from two checkpoints, not from one.'));
  const tensor = readableTensor(checkpoint, source.tensor);
  const weight = planeWeight(checkpoint, tensor, source.slice);
  const why = undrawable(weight.type);
  if (why !== null) throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(tensor.name)}: ${why}`);
  return { sides: [weight], combine: null, wide: isWide(weight.type) };
}

function undrawable(dtype: string): string | null {
  const kind = numberType(dtype)?.kind;
  if (kind === 'complex') return `${dtype} is complex: a colour shows one number, not two.`;
  return kind === 'packed' ? `${dtype} packs several numbers into a byte; they are not drawn.` : undecodable(dtype);
}

function pairSource({ pairs }: OpenComparison, { source }: PictureRequest): Source {
  if (!('pair' in source))
    throw new OffaxisError('bad-parameter', say('Values are drawn from one checkpoint, not from two.'));
  const pair = pairs.get(source.pair);
  if (!pair)
    throw new OffaxisError(
      'bad-parameter',
      say`${JSON.stringify(source.pair)} is not a pair of these checkpoints. They may have changed on disk: press Retry.`,
    );
  return {
    sides: [pair.base, pair.tuned],
    combine: source.kind === 'update' ? updateOf : changedOf(pair),
    wide: pair.base.type === 'F64' || pair.tuned.type === 'F64',
  };
}

/** W1 - W0; a base of another type has been cast to the tuned side's type, as in every figure of the comparison. */
function updateOf(base: Values, tuned: Values): Values {
  return Float64Array.from(base, (value, i) => (tuned[i] as number) - value);
}

/** 1 if the codes on the grid differ, else 0; +0 equals -0 and NaN equals NaN. */
function changedOf(pair: WeightPair): (base: Values, tuned: Values) => Values {
  const { grid: spec } = gridFor(pair);
  const grid = new Grid(spec.grid);
  return (base, tuned) => {
    const changed = new Float32Array(base.length);
    for (let i = 0; i < base.length; i++) {
      const a = base[i] as number;
      const b = tuned[i] as number;
      if (a === b || (a !== a && b !== b)) continue;
      if (!spec.onGrid) {
        const x = grid.round(a);
        const y = grid.round(b);
        if (x === y || (x !== x && y !== y)) continue;
      }
      changed[i] = 1;
    }
    return changed;
  };
}
