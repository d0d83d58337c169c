import { expect, test } from 'vitest';
import { asksForSpectra, computesTwinUnasked, startsUnasked } from '../../../src/comparison/cost.ts';
import type { ComparisonPlan } from '../../../src/protocol/engine.ts';

const cost = (change: Partial<ComparisonPlan['cost']> = {}): ComparisonPlan['cost'] => ({
  bytesToRead: 1e9,
  bytesToTravel: 0,
  weights: 1e8,
  matrices: 42,
  flops: 1e12,
  peakBytes: 1e9,
  ...change,
});
const pairs = [{}] as unknown as ComparisonPlan['pairs'];

test('what is cheap starts by itself', () => {
  expect(startsUnasked({ pairs, cost: cost() })).toBe(true);
  expect(startsUnasked({ pairs: [], cost: cost() })).toBe(false);
  expect(startsUnasked({ pairs, cost: cost({ flops: 3e12 }) })).toBe(false);
});

test('noise of the same size is computed by itself if it adds less than a minute, with the threads at hand', () => {
  // 2 threads: 4e10 operations a second
  const added = (seconds: number): ComparisonPlan['cost'] => cost({ flops: 1e12 + seconds * 4e10 });
  expect(computesTwinUnasked(cost(), added(59), 2)).toBe(true);
  expect(computesTwinUnasked(cost(), added(61), 2)).toBe(false);
  expect(computesTwinUnasked(cost(), added(61), 4)).toBe(true);
  // without matrices there is nothing that it could be compared with
  expect(computesTwinUnasked(cost({ matrices: 0 }), added(1), 2)).toBe(false);
  // nor may it take memory that is not spared unasked
  expect(computesTwinUnasked(cost(), cost({ peakBytes: 3e9 }), 2)).toBe(false);
  expect(computesTwinUnasked(cost({ peakBytes: 4e9 }), cost({ peakBytes: 4e9 }), 2)).toBe(true);
});

test('whole spectra wait for the reader if they would take more than two minutes', () => {
  const [two, gpu] = [{ kind: 'cpu', threads: 2 } as const, { kind: 'gpu', threads: 2 } as const];
  // 2 threads: 4e10 operations a second
  const taking = (seconds: number): ComparisonPlan['cost'] => cost({ flops: seconds * 4e10 });
  expect(asksForSpectra(taking(119), two, 'automatic')).toBe(false);
  expect(asksForSpectra(taking(121), two, 'automatic')).toBe(true);
  expect(asksForSpectra(taking(121), { ...two, threads: 4 }, 'automatic')).toBe(false);
  expect(asksForSpectra(taking(121), gpu, 'automatic')).toBe(false);
  expect(asksForSpectra(taking(4000), gpu, 'automatic')).toBe(true);
  expect(asksForSpectra(taking(4000), two, 'always')).toBe(false);
  expect(asksForSpectra(taking(1), two, 'onRequest')).toBe(true);
  expect(asksForSpectra(cost({ matrices: 0 }), two, 'onRequest')).toBe(false);
});
