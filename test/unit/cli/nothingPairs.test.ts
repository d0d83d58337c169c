/** Why nothing pairs is said with its reason, in every command. */
import { describe, expect, it } from 'vitest';
import { refuseUnpaired } from '../../../src/results/nothingPairs.ts';

describe('nothing pairs', () => {
  it('names the reason that keeps out what both have', () => {
    const skipped = [
      { name: 'up', reason: 'integers (I8), not compared' },
      { name: 'down', reason: 'integers (I8), not compared' },
    ];
    const refuse = (): void => refuseUnpaired({ pairs: [], skipped }, 'a', 'b');
    expect(refuse).toThrow('Nothing of a and b can be compared. up (and 1 more): integers (I8), not compared.');
  });
  it('says that two models have nothing in common', () => {
    const refuse = (): void => refuseUnpaired({ pairs: [], skipped: [] }, 'a', 'b');
    expect(refuse).toThrow(/^No floating tensor of a and b pairs by name and shape/u);
  });
});
