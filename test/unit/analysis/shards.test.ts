import { describe, expect, it } from 'vitest';
import { ranges } from '../../../src/analysis/inputs.ts';
import { pairsOfShard } from '../../../src/analysis/shards.ts';
import type { WeightPair } from '../../../src/checkpoint/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';

/** What the sharing looks at: names and sizes. */
function pair(name: string, rows: number, columns: number, spectral = true): WeightPair {
  const side = { rows, columns, storedBytes: rows * columns * 2 };
  return { name, spectral, base: side, tuned: side } as unknown as WeightPair;
}
const pairs = [
  ...Array.from({ length: 40 }, (_, i) => pair(`square.${i}`, 64, 64)),
  ...Array.from({ length: 20 }, (_, i) => pair(`wide.${i}`, 64, 256)),
  ...Array.from({ length: 30 }, (_, i) => pair(`norm.${i}`, 1, 64, false)),
  pair('embedding', 4096, 64, false),
];

describe('parts of a comparison', () => {
  it.each([1, 2, 3, 7, 91, 200])('hold every pair once, in the order of the plan, at %i parts', (of) => {
    const parts = Array.from({ length: of }, (_, i) => pairsOfShard(pairs, DEFAULT_PARAMETERS, { index: i + 1, of }));
    const names = parts.flat().map(({ name }) => name);
    expect(names.toSorted()).toEqual(pairs.map(({ name }) => name).toSorted());
    for (const part of parts) expect(part).toEqual(pairs.filter((one) => part.includes(one)));
  });
  it.each([2, 6, 13])('are as even as one matrix allows, at %i parts', (of) => {
    const parameters = { ...DEFAULT_PARAMETERS, spectra: false };
    // without spectra a pair costs what its bytes do
    const costs = Array.from({ length: of }, (_, i) =>
      pairsOfShard(pairs, parameters, { index: i + 1, of }).reduce((sum, { base }) => sum + base.storedBytes, 0),
    );
    expect(Math.max(...costs) - Math.min(...costs)).toBeLessThanOrEqual(4096 * 64 * 2);
    const alike = pairs.slice(0, 40);
    const sizes = Array.from({ length: of }, (_, i) => pairsOfShard(alike, parameters, { index: i + 1, of }).length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
});

describe('the sample of a file', () => {
  it('is all of a small one', () => {
    expect(ranges(0)).toEqual([[0, 0]]);
    expect(ranges(2_000_000)).toEqual([[0, 2_000_000]]);
  });
  it.each([2_359_297, 5_000_000_000])(
    'has the ends of one of %i bytes and blocks between that do not overlap',
    (size) => {
      const read = ranges(size);
      expect(read).toHaveLength(66);
      expect(read[0]).toEqual([0, 1 << 20]);
      expect(read.at(-1)).toEqual([size - (1 << 20), size]);
      read.reduce(([, end], next) => {
        expect(next[0]).toBeGreaterThanOrEqual(end);
        return next;
      });
    },
  );
});
