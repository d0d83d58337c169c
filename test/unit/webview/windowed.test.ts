import { expect, test } from 'vitest';
import { ROW_HEIGHT, windowOf } from '../../../webview/shared/windowed.ts';

const items = Array.from({ length: 100_000 }, (_, i) => i);
const at = (line: number) => windowOf(items, { scrollTop: line * ROW_HEIGHT, clientHeight: 10 * ROW_HEIGHT });

test('of a list of any length the rows in view are drawn, and the others are room', () => {
  const { first, rows, above, below } = at(50_000);
  expect(rows).toContain(50_000);
  expect(rows).toContain(50_009);
  expect(rows.length).toBeLessThan(30);
  expect(rows[0]).toBe(first);
  expect(above + rows.length * ROW_HEIGHT + below).toBe(items.length * ROW_HEIGHT);
});

test('both ends are reached, and a list that has become shorter than its scroll position is not empty', () => {
  expect(at(0)).toMatchObject({ first: 0, above: 0 });
  const end = at(items.length - 10);
  expect([end.rows.at(-1), end.below]).toEqual([99_999, 0]);
  const short = windowOf(items.slice(0, 5), { scrollTop: 9000, clientHeight: 220 });
  expect(short).toEqual({ first: 0, rows: [0, 1, 2, 3, 4], above: 0, below: 0 });
  expect(windowOf([], null)).toEqual({ first: 0, rows: [], above: 0, below: 0 });
});
