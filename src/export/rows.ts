/** Results as rows for data frames: one row a tensor, or a tensor and run; one column a figure. CSV and Parquet write them. */
import { figuresOf } from '../metrics/catalog.ts';
import type { Kind } from '../metrics/figure.ts';
import type { ComparisonTensor } from '../protocol/results.ts';

export interface Row {
  tensor: ComparisonTensor;
  /** of several runs or steps: which one */
  run?: { name: string; step: number | null };
}
export type Cell = string | number | boolean | null | undefined;
export interface Column {
  name: string;
  kind: 'text' | 'number' | 'integer' | 'boolean';
  value(row: Row): Cell;
}

/** A range takes two columns; lists of numbers are left to the JSON. */
function columnsOfFigure(id: string, kind: Kind, value: (tensor: ComparisonTensor) => Cell | number[]): Column[] {
  if (kind === 'profile' || kind === 'series') return [];
  if (kind !== 'range') return [{ name: id, kind, value: ({ tensor }) => value(tensor) as Cell }];
  const at = ({ tensor }: Row, index: number): Cell => {
    const list = value(tensor);
    return Array.isArray(list) ? list[index] : undefined;
  };
  return [
    { name: `${id}.min`, kind: 'number', value: (row) => at(row, 0) },
    { name: `${id}.max`, kind: 'number', value: (row) => at(row, 1) },
  ];
}
const text = (name: string, value: (tensor: ComparisonTensor) => Cell): Column => ({
  ...{ name, kind: 'text' },
  value: ({ tensor }) => value(tensor),
});

const RUN: readonly Column[] = [
  { name: 'run', kind: 'text', value: ({ run }) => run?.name },
  { name: 'step', kind: 'integer', value: ({ run }) => run?.step },
];
const COLUMNS: readonly Column[] = [
  text('name', (tensor) => tensor.name),
  { name: 'layer', kind: 'integer', value: ({ tensor }) => tensor.layer },
  text('module', (tensor) => tensor.module),
  text('shape', (tensor) => tensor.shape.join('x')),
  text('dtype.base', (tensor) => tensor.dtype.base),
  text('dtype.tuned', (tensor) => tensor.dtype.tuned),
  ...[...figuresOf('change'), ...figuresOf('update')].flatMap(({ id, kind }) =>
    columnsOfFigure(id, kind, (tensor) => tensor.metrics[id]),
  ),
  ...(['base', 'tuned'] as const).flatMap((side) =>
    [...figuresOf('elements'), ...figuresOf('spectrum')].flatMap(({ id, kind }) =>
      columnsOfFigure(`${side}.${id}`, kind, (tensor) => tensor.metrics[side][id]),
    ),
  ),
  text('flags', (tensor) => tensor.flags.join(' ')),
  text('reasons', (tensor) => tensor.reasons.join(' ')),
  text('computedOn', (tensor) => tensor.computedOn),
  text('recomputed', (tensor) => tensor.recomputed?.join(' ')),
  { name: 'elapsedMs', kind: 'number', value: ({ tensor }) => tensor.elapsedMs },
];
/** Of noise of the same size, behind the others if a comparison has them. */
const TWIN_COLUMNS: readonly Column[] = [...figuresOf('change'), ...figuresOf('update')].flatMap(({ id, kind }) =>
  columnsOfFigure(`twin.${id}`, kind, (tensor) => tensor.metrics.twin?.[id]),
);

/** Those of one comparison without a twin: the same for all of them. */
export const COLUMN_NAMES: readonly string[] = COLUMNS.map(({ name }) => name);

/** Of several runs `run` and `step` come first; with a noise twin its figures follow as `twin.<id>`. */
export function columnsOfRows(rows: readonly Row[]): readonly Column[] {
  const hasTwin = rows.some(({ tensor }) => tensor.metrics.twin !== undefined);
  const hasRuns = rows.some(({ run }) => run !== undefined);
  return [...(hasRuns ? RUN : []), ...COLUMNS, ...(hasTwin ? TWIN_COLUMNS : [])];
}
/** Of one comparison. */
export const rowsOf = ({ tensors }: { tensors: readonly ComparisonTensor[] }): Row[] =>
  tensors.map((tensor) => ({ tensor }));
/** Of several runs, each with its tensors, or of the steps of one. */
export const rowsOfRuns = (
  runs: readonly { name: string; step: number | null; tensors: Iterable<ComparisonTensor> }[],
): Row[] =>
  runs.flatMap(({ name, step, tensors }) => Array.from(tensors, (tensor) => ({ tensor, run: { name, step } })));
