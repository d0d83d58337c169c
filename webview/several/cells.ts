/** Cells of the maps that are of no single run: of two runs beside each other, and of a layer at a step. Pure. */
import type { RunPair } from '../../src/protocol/several.ts';
import type { SeveralTensor } from '../../src/protocol/severalViews.ts';
import { joined } from '../comparison/cells.ts';
import { membersAt, type Column } from '../comparison/columns.ts';
import type { Shown } from '../comparison/shown.ts';
import type { CellValue } from '../shared/heatmap.ts';
import type { SeveralModel } from './model.ts';

/** A figure of two runs matrix by matrix, each looked up once: a matrix has as many pairs as there are of runs. */
export class PairCells {
  private readonly found = new Map<string, CellValue>();

  /** `runs`: their places, the lower one first. */
  constructor(
    private readonly model: SeveralModel,
    private readonly figure: (pair: RunPair) => number | null,
    private readonly runs: readonly [number, number],
  ) {}

  /** The median of the matrices of a cell, and the largest of several. */
  cell(layer: number, column: Pick<Column, 'module' | 'expert'>): CellValue {
    const members = membersAt(this.model, layer, column);
    if (!members.length) return { status: 'absent', value: null };
    return joined(members.map((matrix) => this.of(matrix)));
  }
  /** Of the matrices of a layer. */
  values(layer: number): number[] {
    return this.model.ofLayer(layer).flatMap((matrix) => this.of(matrix).value ?? []);
  }
  private of(matrix: SeveralTensor): CellValue {
    let cell = this.found.get(matrix.name);
    if (!cell) this.found.set(matrix.name, (cell = this.look(matrix)));
    return cell;
  }
  private look({ name, lacking }: SeveralTensor): CellValue {
    const { model, runs } = this;
    const pair = model.runsRows.get(name)?.pairs.find(({ i, j }) => i === runs[0] && j === runs[1]);
    if (pair) return { status: 'done', value: this.figure(pair) };
    if (runs.some((run) => lacking?.includes(run))) return { status: 'absent', value: null };
    if (runs.some((run) => model.failure(run, name))) return { status: 'failed', value: null };
    // What has not come by the end can't be put beside each other.
    return { status: model.state?.phase === 'done' ? 'absent' : 'pending', value: null };
  }
}

/** The median of a layer's matrices at a step, by its place. */
export function stepCell(
  model: SeveralModel,
  { metric }: Pick<Shown, 'metric'>,
  layer: number,
  step: number,
): CellValue {
  const { status, value } = joined(model.ofLayer(layer).map((matrix) => model.matrixCell(step, metric, matrix)));
  return { status, value };
}
