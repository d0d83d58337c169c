/** A comparison as a table: one row a tensor, one column a metric, for spreadsheets and data frames. */
import { figuresOf } from '../metrics/catalog.ts';
import type { Kind } from '../metrics/figure.ts';
import type { ComparisonResult, ComparisonTensor } from '../protocol/results.ts';
import { cell } from '../text/show.ts';

type Cell = string | number | boolean | null | undefined;
interface Column {
  name: string;
  value(tensor: ComparisonTensor): Cell;
}

/** A range takes two columns; lists of numbers are left to the JSON. */
function cells(id: string, kind: Kind, value: (tensor: ComparisonTensor) => Cell | number[]): Column[] {
  const at = (tensor: ComparisonTensor, index: number): Cell => {
    const list = value(tensor);
    return Array.isArray(list) ? list[index] : undefined;
  };
  if (kind === 'profile') return [];
  if (kind !== 'range') return [{ name: id, value: (tensor) => value(tensor) as Cell }];
  return [
    { name: `${id}.min`, value: (tensor) => at(tensor, 0) },
    { name: `${id}.max`, value: (tensor) => at(tensor, 1) },
  ];
}

const COLUMNS: readonly Column[] = [
  { name: 'name', value: (tensor) => tensor.name },
  { name: 'layer', value: (tensor) => tensor.layer },
  { name: 'module', value: (tensor) => tensor.module },
  { name: 'shape', value: (tensor) => tensor.shape.join('x') },
  { name: 'dtype.base', value: (tensor) => tensor.dtype.base },
  { name: 'dtype.tuned', value: (tensor) => tensor.dtype.tuned },
  ...[...figuresOf('change'), ...figuresOf('update')].flatMap(({ id, kind }) =>
    cells(id, kind, (tensor) => tensor.metrics[id]),
  ),
  ...(['base', 'tuned'] as const).flatMap((side) =>
    [...figuresOf('elements'), ...figuresOf('spectrum')].map(({ id }): Column => ({
      name: `${side}.${id}`,
      value: (tensor) => tensor.metrics[side][id],
    })),
  ),
  { name: 'flags', value: (tensor) => tensor.flags.join(' ') },
  { name: 'reasons', value: (tensor) => tensor.reasons.join(' ') },
  { name: 'computedOn', value: (tensor) => tensor.computedOn },
  { name: 'recomputed', value: (tensor) => tensor.recomputed?.join(' ') },
  { name: 'elapsedMs', value: (tensor) => tensor.elapsedMs },
];

/** The header of `comparisonCsv`: the same for every comparison without a twin. */
export const CSV_COLUMNS: readonly string[] = COLUMNS.map((column) => column.name);
/** Of noise of the same size, behind the others if a comparison has them. */
const TWIN_COLUMNS: readonly Column[] = [...figuresOf('change'), ...figuresOf('update')].flatMap(({ id, kind }) =>
  cells(`twin.${id}`, kind, (tensor) => tensor.metrics.twin?.[id]),
);

/**
 * Line by line: RFC 4180 with CRLF and a header. Numbers are written as JavaScript prints them, which reads back to the same float64; an
 * undefined value is an empty field, and a text that a spreadsheet would run stands behind an apostrophe. A range takes two columns, `.min`
 * and `.max`; with a noise twin its figures follow as `twin.<id>`. Lists, as the change profiles, are left to the JSON.
 */
export function* comparisonCsv(result: Pick<ComparisonResult, 'tensors'>): Generator<string, void, undefined> {
  const hasTwin = result.tensors.some(({ metrics }) => metrics.twin !== undefined);
  const columns = hasTwin ? [...COLUMNS, ...TWIN_COLUMNS] : COLUMNS;
  const line = (cells: readonly Cell[]): string => `${cells.map((value) => cell(value)).join(',')}\r\n`;
  yield line(columns.map(({ name }) => name));
  for (const tensor of result.tensors) yield line(columns.map((column) => column.value(tensor)));
}
