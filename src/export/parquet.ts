/** Results as Apache Parquet, for data frames: the rows of the CSV with their types. */
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer';
import { columnsOfRows, type Column, type Row } from './rows.ts';

const TYPES: Readonly<Record<Column['kind'], BasicType>> = {
  text: 'STRING',
  number: 'DOUBLE',
  integer: 'INT64',
  boolean: 'BOOLEAN',
};

/** Every column may be null: an undefined value, and a number that is not finite in the JSON either. */
export function rowsParquet(rows: readonly Row[]): Uint8Array {
  const columnData = columnsOfRows(rows).map(({ name, kind, value }) => ({
    ...{ name, type: TYPES[kind], nullable: true },
    data: rows.map((row) => {
      const found = value(row) ?? null;
      if (typeof found !== 'number') return found;
      if (kind === 'integer') return Number.isSafeInteger(found) ? BigInt(found) : null;
      return Number.isFinite(found) ? found : null;
    }),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'offaxis' }));
}
