/** Results as a table of text, for spreadsheets and data frames. */
import type { ComparisonResult } from '../protocol/results.ts';
import { cell } from '../text/show.ts';
import { columnsOfRows, rowsOf, type Cell, type Row } from './rows.ts';

/**
 * Line by line: RFC 4180 with CRLF and a header. Numbers are written as JavaScript prints them, which reads back to the same float64; an
 * undefined value is an empty field, and a text that a spreadsheet would run stands behind an apostrophe. A range takes two columns, `.min`
 * and `.max`; with a noise twin its figures follow as `twin.<id>`. Lists, as the change profiles, are left to the JSON.
 */
export function* rowsCsv(rows: readonly Row[]): Generator<string, void, undefined> {
  const columns = columnsOfRows(rows);
  const line = (cells: readonly Cell[]): string => `${cells.map((value) => cell(value)).join(',')}\r\n`;
  yield line(columns.map(({ name }) => name));
  for (const row of rows) yield line(columns.map((column) => column.value(row)));
}
export const comparisonCsv = (result: Pick<ComparisonResult, 'tensors'>): Generator<string, void, undefined> =>
  rowsCsv(rowsOf(result));
