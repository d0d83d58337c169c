import { describe, expect, it } from 'vitest';
import type { ComparisonMetrics } from '../../src/protocol/results.ts';
import { expectMatchesGolden, isCompared, loadGolden, type GoldenTensor } from './golden.ts';

/** The comparator itself: a test that passes whatever comes shows nothing. */
const golden = [...loadGolden('base-to-rl').values()].find((tensor) => 'nss' in tensor) as GoldenTensor;
const check = (actual: GoldenTensor): void => expectMatchesGolden(actual as unknown as ComparisonMetrics, golden);

describe('agreement with the golden values', () => {
  it('is met by the values themselves', () => {
    expect(() => check(structuredClone(golden))).not.toThrow();
  });
  const ids = Object.keys(golden).filter(isCompared);
  it.each(ids.filter((id) => typeof golden[id] === 'number'))('is missed by a %s that is 3 % and 0.2 off', (id) => {
    expect(() => check({ ...golden, [id]: (golden[id] as number) * 1.03 + 0.2 })).toThrow(id);
    expect(() => check({ ...golden, [id]: null })).toThrow(id);
    expect(() => check({ ...golden, [id]: NaN })).toThrow(id);
  });
  it.each(ids.filter((id) => Array.isArray(golden[id])))('is missed by one entry of %s, or a missing one', (id) => {
    const list = golden[id] as number[];
    expect(() => check({ ...golden, [id]: list.with(-1, (list.at(-1) ?? 0) + 0.01) })).toThrow(id);
    expect(() => check({ ...golden, [id]: list.slice(1) })).toThrow(id);
  });
  it('is missed by another truth, or a spectrum of either side', () => {
    expect(() => check({ ...golden, wedinVacuous: !golden['wedinVacuous'] })).toThrow('wedinVacuous');
    for (const side of ['base', 'tuned']) {
      const values = golden[side] as GoldenTensor;
      for (const id of Object.keys(values))
        expect(() => check({ ...golden, [side]: { ...values, [id]: (values[id] as number) * 1.1 + 1 } }), id).toThrow(
          id,
        );
    }
  });
});
