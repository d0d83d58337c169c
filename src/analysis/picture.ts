/** The picture of a matrix, or of how a pair of them differs: rows are streamed, two chunks at a time, whatever the size. */
import { pairCheckpoints, readChunks, type Chunk } from '../checkpoint/index.ts';
import type { Checkpoint, MatrixView, TensorPair } from '../checkpoint/types.ts';
import { dtypeOf, float8Table, numbersOf, undecodable } from '../formats/index.ts';
import { Grid } from '../metrics/index.ts';
import type { PictureCheckpoints, TensorRow } from '../protocol/engine.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { MAX_PICTURE_SIDE, type PictureEvent, type PictureRequest, type Rectangle } from '../protocol/matrix.ts';
import { gridFor } from './change.ts';
import type { CheckpointCache } from './checkpointCache.ts';
import { PictureSums } from './pictureSums.ts';
import { Estimate } from './queue.ts';
import { checkRectangle, planeOf, readableTensor } from './values.ts';

/** Weights a chunk: some 10 ms of work, so that other requests and a cancellation come through in between. */
const CHUNK_WEIGHTS = 256 * 1024;
/** Rows up to this length are read whole and cut: many short reads cost more than a few long ones. */
const WHOLE_ROW_BYTES = 64 * 1024;
const PROGRESS_MS = 100;

/** A matrix on one side of a picture. */
interface Side {
  checkpoint: Checkpoint;
  tensor: TensorRow;
  view: MatrixView;
}
type Values = Float64Array | Float32Array;
interface Source {
  sides: Side[];
  /** one row of values from each side to what is drawn; for one side the values themselves */
  combine: ((base: Values, tuned: Values) => Values) | null;
  wide: boolean;
}

/** Streams progress, then the picture. Throws bad-parameter, bad-file, read-failed (naming the tensor), cancelled. */
export async function* pictureOf(
  cache: CheckpointCache,
  checkpoints: PictureCheckpoints,
  request: PictureRequest,
  signal: AbortSignal,
): AsyncGenerator<PictureEvent, void, undefined> {
  if ('path' in checkpoints) {
    const held = await cache.hold(checkpoints.path, signal);
    try {
      yield* draw(planeSource(held.checkpoint, request), request, signal);
    } finally {
      await held.release();
    }
    return;
  }
  const base = await cache.hold(checkpoints.base, signal);
  try {
    const tuned = await cache.hold(checkpoints.tuned, signal);
    try {
      const { includeEmbeddings } = checkpoints;
      yield* draw(pairSource(base.checkpoint, tuned.checkpoint, request, includeEmbeddings), request, signal);
    } finally {
      await tuned.release();
    }
  } finally {
    await base.release();
  }
}

async function* draw(
  source: Source,
  request: PictureRequest,
  signal: AbortSignal,
): AsyncGenerator<PictureEvent, void, undefined> {
  const start = performance.now();
  const view = (source.sides[0] as Side).view;
  checkRectangle(request, view);
  const rows = request.rows[1] - request.rows[0];
  const columns = request.columns[1] - request.columns[0];
  const side = (pixels: number, lines: number): number =>
    Math.max(1, Math.min(Math.floor(pixels), lines, MAX_PICTURE_SIDE));
  if (rows * columns === 0) throw new OffaxisError('bad-parameter', `${view.name}: the part to draw is empty.`);
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
  const whole = sides.every(({ tensor, view }) => isReadWhole(tensor, view, wanted));
  const first = whole ? 0 : column0;
  const width = whole ? (sides[0] as Side).view.columns : wanted;
  for (const [from, to] of runsOfRows(sides, rows)) {
    const readers = sides.map(({ checkpoint, tensor, view }) =>
      readChunks(checkpoint, tensor, partOf(view, from, to, first, width), { weights: CHUNK_WEIGHTS, signal }),
    );
    const [base, tuned] = readers as [AsyncGenerator<Chunk>, AsyncGenerator<Chunk> | undefined];
    try {
      for await (const chunk of base) {
        const values = valuesOf((sides[0] as Side).tensor, chunk.data);
        const other = await tuned?.next();
        const drawn =
          combine && other && !other.done
            ? combine(values, valuesOf((sides[1] as Side).tensor, other.value.data))
            : values;
        for (let k = 0; k < drawn.length;) {
          const row = Math.floor((chunk.first + k) / width);
          const column = (chunk.first + k) % width;
          const length = Math.min(width - column, drawn.length - k);
          const skip = Math.max(0, column0 - first - column);
          const end = Math.min(column + length, column1 - first);
          if (column + skip < end)
            sums.add(from - rows[0] + row, column + skip + first - column0, drawn, k + skip, end - column - skip);
          k += length;
        }
        throwIfAborted(signal);
        yield (drawn.length / width) * wanted;
      }
    } finally {
      await tuned?.return(undefined);
    }
  }
}

function isReadWhole(tensor: TensorRow, view: MatrixView, wanted: number): boolean {
  const bytes = (view.columns * (dtypeOf(tensor.dtype)?.bits ?? 8)) / 8;
  return view.columnStride === 1 && (bytes <= WHOLE_ROW_BYTES || wanted * 2 >= view.columns);
}

/** Rows of the rectangle in runs that lie within one block of rows on every side. */
function runsOfRows(sides: readonly Side[], [from, to]: readonly [number, number]): [number, number][] {
  const cuts = new Set([from, to]);
  for (const { view } of sides) {
    const size = view.rowBlock?.size;
    if (size === undefined) continue;
    for (let row = (Math.floor(from / size) + 1) * size; row < to; row += size) cuts.add(row);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => [sorted[i] as number, end]);
}

/** Rows [from, to) of a view, inside one of its blocks, and `width` columns from `first` on. */
function partOf(view: MatrixView, from: number, to: number, first: number, width: number): MatrixView {
  const { rowBlock, ...plain } = view;
  const before = rowBlock
    ? Math.floor(from / rowBlock.size) * rowBlock.stride + (from % rowBlock.size) * view.rowStride
    : from * view.rowStride;
  return { ...plain, rows: to - from, columns: width, start: view.start + before + first * view.columnStride };
}

/** The reader hands F8 kinds out as F32. */
function valuesOf({ dtype }: TensorRow, data: Uint8Array): Values {
  const type = float8Table(dtype) ? 'F32' : dtype;
  return numbersOf(type, data, (data.length * 8) / (dtypeOf(type)?.bits ?? 8));
}

function isWide(dtype: string): boolean {
  const type = dtypeOf(dtype);
  return dtype === 'F64' || (type?.kind === 'integer' && type.bits > 16);
}

function planeSource(checkpoint: Checkpoint, { source }: PictureRequest): Source {
  if ('pair' in source)
    throw new OffaxisError('bad-parameter', 'What changed is drawn from two checkpoints, not from one.');
  const tensor = readableTensor(checkpoint, source.tensor);
  const why = undrawable(tensor.dtype);
  if (why !== null) throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(tensor.name)}: ${why}`);
  const { rows, columns, start } = planeOf(tensor, source.slice);
  const { name, layer, module } = tensor;
  const view = { name, tensor: name, layer, module, rows, columns, start, rowStride: columns, columnStride: 1 };
  return { sides: [{ checkpoint, tensor, view }], combine: null, wide: isWide(tensor.dtype) };
}

function undrawable(dtype: string): string | null {
  const kind = dtypeOf(dtype)?.kind;
  if (kind === 'complex') return `${dtype} is complex: a colour shows one number, not two.`;
  return kind === 'packed' ? `${dtype} packs several numbers into a byte; they are not drawn.` : undecodable(dtype);
}

function pairSource(base: Checkpoint, tuned: Checkpoint, request: PictureRequest, includeEmbeddings: boolean): Source {
  const { source } = request;
  if (!('pair' in source))
    throw new OffaxisError('bad-parameter', 'Values are drawn from one checkpoint, not from two.');
  const { pairs } = pairCheckpoints(base, tuned, { includeEmbeddings, tensors: null });
  const pair = pairs.find(({ name }) => name === source.pair);
  if (!pair)
    throw new OffaxisError(
      'bad-parameter',
      `${JSON.stringify(source.pair)} is no pair of these checkpoints. They may have changed on disk: press Retry.`,
    );
  return {
    sides: [
      { checkpoint: base, tensor: pair.baseTensor, view: pair.base },
      { checkpoint: tuned, tensor: pair.tunedTensor, view: pair.tuned },
    ],
    combine: source.kind === 'update' ? updateOf(pair) : changedOf(pair),
    wide: pair.dtype.base === 'F64' || pair.dtype.tuned === 'F64',
  };
}

/** W1 - W0; under mixed storage both are rounded to one grid first, as in every figure of the comparison. */
function updateOf(pair: TensorPair): (base: Values, tuned: Values) => Values {
  const { grid: spec } = gridFor(pair);
  const grid = spec.roundFirst ? new Grid(spec.grid) : null;
  const rounded = (value: number): number => (grid ? grid.round(value) : value);
  return (base, tuned) => Float64Array.from(base, (value, i) => rounded(tuned[i] as number) - rounded(value));
}

/** 1 where the codes on the grid differ, else 0; +0 equals -0 and NaN equals NaN. */
function changedOf(pair: TensorPair): (base: Values, tuned: Values) => Values {
  const { grid: spec } = gridFor(pair);
  const grid = new Grid(spec.grid);
  const isExact = spec.onGrid && !spec.roundFirst;
  return (base, tuned) => {
    const changed = new Float32Array(base.length);
    for (let i = 0; i < base.length; i++) {
      const a = base[i] as number;
      const b = tuned[i] as number;
      if (a === b || (a !== a && b !== b)) continue;
      if (!isExact) {
        const x = grid.round(a);
        const y = grid.round(b);
        if (x === y || (x !== x && y !== y)) continue;
      }
      changed[i] = 1;
    }
    return changed;
  };
}
