/** The weights of a checkpoint: what makes a kind of `Weight` from what the header describes. */
import { expertOf } from '../families/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { ScaledWeight } from './scaled.ts';
import { StoredWeight } from './stored.ts';
import type { Checkpoint, MatrixView } from './types.ts';
import { flatView, matrixViews } from './views.ts';
import type { Weight } from './weight.ts';
import { elementCount } from '../protocol/lists.ts';

/** The tensor of that name with data to read. Throws bad-parameter, bad-file. */
export function readableTensor(checkpoint: Checkpoint, name: string): TensorRow {
  const row = checkpoint.tensors.get(name);
  if (!row)
    throw new OffaxisError(
      'bad-parameter',
      say`${checkpoint.path} holds no tensor ${JSON.stringify(name)}. Reload it.`,
    );
  if (row.missing || row.offset === null)
    throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(name)}: ${row.file} holds no data for it.`);
  return row;
}

/**
 * A part of a tensor, or the whole, as `view` says; `shape` if it is not a matrix of the view's rows and columns. Every weight is made
 * here: a kind to come is told by its row and its neighbours in the checkpoint, and gets its class.
 */
export function weightOf(checkpoint: Checkpoint, row: TensorRow, view: MatrixView, shape?: readonly number[]): Weight {
  const name = row.quantised?.codes ?? row.name;
  const claim = checkpoint.quantised.get(name);
  if (claim) return new ScaledWeight(checkpoint, { ...row, name }, claim, view, shape);
  return new StoredWeight(checkpoint, row, view, shape);
}

/** The matrices [out, in] inside a tensor: itself, the parts of a fused one, the experts of a stack; [] if there is none. */
export function matricesOf(checkpoint: Checkpoint, row: TensorRow): Weight[] {
  return matrixViews(row, checkpoint.config, checkpoint.family).map((view) => weightOf(checkpoint, row, view));
}

/** A tensor of any shape as one row: what elementwise passes over something other than a matrix read. */
export function flatWeight(checkpoint: Checkpoint, row: TensorRow): Weight {
  return weightOf(checkpoint, row, flatView(row, elementCount(row.shape)), row.shape);
}

/** A tensor of any shape in the order of its storage. Rows: its last axis for three axes; else all but the first; one for one axis. */
export function wholeWeight(checkpoint: Checkpoint, row: TensorRow): Weight {
  const { shape } = row;
  const count = elementCount(shape);
  const columns = shape.length < 2 ? count : elementCount(shape.slice(shape.length === 3 ? 2 : 1));
  return weightOf(checkpoint, row, runOf(row, columns > 0 ? count / columns : 0, columns, 0), shape);
}

/** A tensor as its file holds it, in the order of its storage: of a quantised weight its codes. */
export function storedTensor(checkpoint: Checkpoint, row: TensorRow): StoredWeight {
  const stored: TensorRow = { ...row, shape: row.quantised?.storedShape ?? row.shape };
  return new StoredWeight(checkpoint, stored, flatView(stored, elementCount(stored.shape)), stored.shape);
}

/** The last two axes of a tensor at one index on each axis before them; a vector is one column, a scalar one value. */
export function planeWeight(checkpoint: Checkpoint, row: TensorRow, slice: readonly number[]): Weight {
  return weightOf(checkpoint, row, planeOf(row, slice));
}

/** The same of the codes that a quantised weight is made of, as the file holds them; of any other tensor its plane. */
export function codesPlane(checkpoint: Checkpoint, row: TensorRow, slice: readonly number[]): Weight {
  const stored: TensorRow = { ...row, shape: row.quantised?.storedShape ?? row.shape };
  return new StoredWeight(checkpoint, stored, planeOf(stored, slice));
}

function planeOf(row: TensorRow, slice: readonly number[]): MatrixView {
  const leading = row.shape.slice(0, -2);
  if (slice.length !== leading.length)
    throw new OffaxisError(
      'bad-parameter',
      say`Tensor ${JSON.stringify(row.name)} has ${leading.length} axes before its last two, not ${slice.length}.`,
    );
  let plane = 0;
  leading.forEach((side, axis) => {
    const at = slice[axis] ?? 0;
    if (!Number.isInteger(at) || at < 0 || at >= side)
      throw new OffaxisError(
        'bad-parameter',
        say`Tensor ${JSON.stringify(row.name)}: index ${at} on axis ${axis} is not within 0 to ${side - 1}.`,
      );
    plane = plane * side + at;
  });
  const [rows = 1, columns = 1] = row.shape.slice(-2);
  return runOf(row, rows, columns, plane * rows * columns);
}

function runOf(row: TensorRow, rows: number, columns: number, start: number): MatrixView {
  const { name, layer, module } = row;
  return { name, layer, module, expert: expertOf(name), rows, columns, start, rowStride: columns, columnStride: 1 };
}
