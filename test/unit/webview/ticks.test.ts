import { expect, test } from 'vitest';
import { distinct, MOST_TICKS } from '../../../webview/comparison/ticks.ts';

test('as many ticks as a strip has places, however many matrices there are; few matrices have one each', () => {
  const items = Array.from({ length: 100_000 }, (_, i) => i);
  const look = (i: number): string | null => (i % 10 ? `${i % 700}` : null);
  expect(distinct(items, look).length).toBeLessThanOrEqual(700);
  expect(distinct(items, look)).toContain(1);
  expect(distinct(items.slice(0, MOST_TICKS), look)).toHaveLength(MOST_TICKS);
});
