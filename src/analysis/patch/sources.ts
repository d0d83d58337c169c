/** What each tensor of a tuned checkpoint is made from: the tensor of the base, or parts of several if the layouts differ. */
import {
  pairCheckpoints,
  StoredWeight,
  type Checkpoint,
  type MatrixView,
  type RowSource,
  uncast,
} from '../../checkpoint/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { PatchSource } from '../../protocol/patch.ts';
import type { StridedView } from '../../protocol/stridedView.ts';
import { runOf } from './codes.ts';
import { elementCount } from '../../protocol/lists.ts';

export interface Piece {
  source: PatchSource;
  base: RowSource;
  tuned: RowSource;
}
export interface SourcedTensor {
  row: TensorRow;
  /** one behind the other they are the tensor; null if nothing of the base has its type and shape */
  pieces: Piece[] | null;
}

/** Throws bad-file if a side is an adapter, or a tensor of the tuned side has no data. */
export function sourcesOf(base: Checkpoint, tuned: Checkpoint): SourcedTensor[] {
  for (const side of [base, tuned])
    if (side.adapter && !side.adapter.facts.unmerged)
      throw new OffaxisError(
        'bad-file',
        `${side.path} is an adapter: a small update already. Name two checkpoints that hold weights.`,
      );
  const aligned = new Map<string, [StoredWeight, StoredWeight][]>();
  for (const pair of pairCheckpoints(base, tuned, { includeEmbeddings: true, tensors: null }).pairs) {
    const [left, right] = [uncast(pair.base), uncast(pair.tuned)];
    if (!(left instanceof StoredWeight && right instanceof StoredWeight) || left.dtype !== right.dtype) continue;
    const parts = aligned.get(right.tensor);
    if (parts) parts.push([left, right]);
    else aligned.set(right.tensor, [[left, right]]);
  }
  return [...tuned.tensors.values()].map((row) => {
    if (row.offset === null)
      throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(row.name)}: ${row.file} holds no data for it.`);
    const same = base.tensors.get(row.name);
    if (same && same.offset !== null && same.dtype === row.dtype && storedShape(same) === storedShape(row))
      return { row, pieces: [{ source: { tensor: row.name }, base: runOf(base, same), tuned: runOf(tuned, row) }] };
    return { row, pieces: piecesOf(row, aligned.get(row.name) ?? []) };
  });
}

const storedShape = ({ shape, quantised }: TensorRow): string => (quantised?.storedShape ?? shape).join();
/** Null if the parts do not follow each other without a gap, or if one of them is not one run of the tuned tensor. */
function piecesOf(row: TensorRow, parts: [StoredWeight, StoredWeight][]): Piece[] | null {
  const runs = parts.map(([base, tuned]) => ({ base, tuned, first: tuned.stored?.first ?? -1 }));
  runs.sort((a, b) => a.first - b.first);
  let end = 0;
  for (const { tuned, first } of runs) {
    if (first !== end) return null;
    end += tuned.count;
  }
  if (end === 0 || end !== elementCount(row.shape)) return null;
  return runs.map(({ base, tuned }) => ({
    source: { tensor: base.tensor, view: patchView(base.view) },
    base: base.codes,
    tuned: tuned.codes,
  }));
}

function patchView({ rows, columns, start, rowStride, columnStride, rowBlock }: MatrixView): StridedView {
  return { rows, columns, start, rowStride, columnStride, ...(rowBlock ? { rowBlock } : {}) };
}
