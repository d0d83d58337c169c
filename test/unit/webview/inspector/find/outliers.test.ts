import { describe, expect, it } from 'vitest';
import { median, robustOutliers } from '../../../../../webview/inspector/find/outliers.ts';

const values = (family: string, ...list: number[]) =>
  list.map((value, i) => ({ item: `${family}${i}`, family, value }));

describe('robust z', () => {
  it('is 0.6745 (x - median) / MAD', () => {
    // median 3, deviations 2 1 0 1 97: MAD 1
    const { found, judged } = robustOutliers(values('a', 1, 2, 3, 4, 100));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ item: 'a4', median: 3, siblings: 5 });
    expect(found[0]?.z).toBeCloseTo(0.6745 * 97, 12);
    expect(judged).toBe(5);
  });
  it('judges within a family, not across', () => {
    const { found } = robustOutliers([...values('a', 1, 2, 3, 4, 5), ...values('b', 101, 102, 103, 104, 105)]);
    expect(found).toEqual([]);
  });
  it('has both signs, the farthest first', () => {
    const { found } = robustOutliers(values('a', 1, 2, 3, 4, 5, -60, 90));
    expect(found.map(({ item }) => item)).toEqual(['a6', 'a5']);
    expect(found[1]?.z).toBeLessThan(0);
  });
  it('is infinite if more than half of the family share one value', () => {
    const { found } = robustOutliers(values('a', 0, 0, 0, 0, 3));
    expect(found.map(({ z }) => z)).toEqual([Infinity]);
  });
  it('leaves out families that are too small, and values that are not finite', () => {
    const { found, judged, leftOut } = robustOutliers([...values('a', 1, 1, 1, 90), ...values('b', 1, 2, 3, 4, NaN)]);
    expect({ found, judged, leftOut }).toEqual({ found: [], judged: 0, leftOut: 8 });
  });
  it('takes the threshold that is asked for, the value itself included', () => {
    const list = values('a', 1, 2, 3, 4, 100);
    expect(robustOutliers(list, 0.6745).found).toHaveLength(4);
    expect(robustOutliers(list, 1e6).found).toHaveLength(0);
  });
});
describe('median', () => {
  it('is the middle, or between the two middle ones', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 1, 5])).toBe(7);
    expect(median([])).toBeNaN();
  });
});
