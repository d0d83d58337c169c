import { describe, expect, test } from 'vitest';
import { comparisonCsv as csvLines } from '../../../src/export/csv.ts';
import { COLUMN_NAMES } from '../../../src/export/rows.ts';
import type { TwinMetrics } from '../../../src/protocol/results.ts';
import { comparison, tensor } from '../makers.ts';

/** A strict reader of RFC 4180, written for the test so that the writer is not its own judge. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (at >= text.length) throw new Error('open quote at the end');
        if (text[at] === '"' && text[at + 1] === '"') cell += text[at++];
        else if (text[at] === '"') break;
        else cell += text[at];
      }
      at++;
    } else {
      while (at < text.length && !/[,\r\n]/.test(text[at] as string)) {
        if (text[at] === '"') throw new Error('quote inside a bare field');
        cell += text[at++];
      }
    }
    row.push(cell);
    if (text[at] === ',') at++;
    else if (text.startsWith('\r\n', at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else throw new Error(`neither comma nor CRLF at ${at}`);
  }
  return rows;
}
function records(text: string): Map<string, string>[] {
  const [header = [], ...rows] = parseCsv(text);
  return rows.map((row) => {
    expect(row).toHaveLength(header.length);
    return new Map(header.map((name, i) => [name, row[i] as string]));
  });
}

const comparisonCsv = (result: Parameters<typeof csvLines>[0]): string => [...csvLines(result)].join('');

describe('comparisonCsv', () => {
  test('has one row a tensor and every column once', () => {
    const rows = parseCsv(comparisonCsv(comparison([tensor('a'), tensor('b')])));
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual(COLUMN_NAMES);
    expect(new Set(COLUMN_NAMES).size).toBe(COLUMN_NAMES.length);
  });
  test('quotes names with commas and quotes, and shows line breaks as escapes', () => {
    const odd = 'we"ird,\r\nname\n';
    const [record] = records(comparisonCsv(comparison([tensor(odd)])));
    expect(record?.get('name')).toBe('we"ird,\\u{0D}\\u{0A}name\\u{0A}');
  });
  test('numbers read back to the same float64, ranges take two columns, both sides are flattened', () => {
    const metrics = {
      nss: 1 / 3,
      principalRange: [0.1, 2 / 3] as [number, number],
      wedinVacuous: true,
      angleUMax: null,
    };
    const [record] = records(comparisonCsv(comparison([tensor('a', metrics)])));
    expect(Number(record?.get('baseNorm'))).toBe(1 / 3);
    expect(Number(record?.get('updateNorm'))).toBe(1e-7);
    expect(Number(record?.get('nss'))).toBe(1 / 3);
    expect(record?.get('principalRange.min')).toBe('0.1');
    expect(Number(record?.get('principalRange.max'))).toBe(2 / 3);
    expect(record?.get('wedinVacuous')).toBe('true');
    expect(record?.get('angleUMax')).toBe('');
    expect(record?.get('base.spectralNorm')).toBe('0.75');
    expect(record?.get('tuned.min')).toBe('-1.5');
    expect(record?.get('tuned.nan')).toBe('0');
    expect(record?.get('tuned.max')).toBe('');
    expect(record?.get('shape')).toBe('4x6');
    expect(record?.get('layer')).toBe('3');
    expect(record?.get('flags')).toBe('base-cast no-null');
  });
  test('figures of noise of the same size follow the others, if a comparison has them', () => {
    const noise = { nss: 0.25, principalRange: [0.5, 0.75], wedinVacuous: null } as Partial<TwinMetrics> as TwinMetrics;
    const text = comparisonCsv(comparison([tensor('a', { nss: 0.5, twin: noise }), tensor('b', { twin: null })]));
    const [first, second] = records(text);
    expect([...(first?.keys() ?? [])].slice(0, COLUMN_NAMES.length)).toEqual(COLUMN_NAMES);
    expect(first?.get('nss')).toBe('0.5');
    expect(first?.get('twin.nss')).toBe('0.25');
    expect(first?.get('twin.principalRange.max')).toBe('0.75');
    expect(first?.get('twin.wedinVacuous')).toBe('');
    expect(second?.get('twin.nss')).toBe('');
  });
  test('without tensors only the header is left', () => {
    expect(comparisonCsv(comparison([]))).toBe(`${COLUMN_NAMES.join(',')}\r\n`);
  });
});
