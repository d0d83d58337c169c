import { describe, expect, it } from 'vitest';
import { percent as forModels } from '../../../src/assistant/text.ts';
import { percent as forTerminals } from '../../../src/export/plain.ts';
import { percent as forPeople } from '../../../src/protocol/format.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ').replaceAll('\u2212', '-');
const SURFACES = [
  ['people', (x: number) => plain(forPeople(x))],
  ['people, two digits', (x: number) => plain(forPeople(x, 2))],
  ['terminals', forTerminals],
  ['models', forModels],
] as const;
/** The number before and the number after: no float64 lies between these and 0 or 1. */
const NEXT = [Number.MIN_VALUE, 1e-300, 2 ** -52, 1e-9, 1e-5, 0.001];
const NEAR = [2 ** -53, 2 ** -30, 1e-9, 1e-6, 4e-5, 5e-5, 6e-5, 4e-4, 5e-4, 6e-4, 0.004, 0.005, 0.006];

describe.each(SURFACES)('a share for %s', (_, write) => {
  it('is 0 % and 100 % when it is exactly that', () => {
    expect(write(0)).toBe('0 %');
    expect(write(1)).toBe('100 %');
  });
  it.each(NEXT)('is not 0 %% at %d', (x) => {
    for (const text of [write(x), write(-x)]) expect(Number.parseFloat(text)).not.toBe(0);
  });
  it.each(NEAR)('is not 100 %% at 1 - %d', (gap) => {
    const text = write(1 - gap);
    if (text.startsWith('>')) expect(text).toBe('> 99.99 %');
    else expect(Number.parseFloat(text)).toBeLessThan(100);
    expect(Number.parseFloat(text.replace('> ', ''))).toBeGreaterThanOrEqual(99);
  });
  it('is not 100 % just above 1, where a ratio may be', () => {
    expect(write(1 + 2 ** -52)).toBe('> 100 %');
    expect(write(1.0004)).toBe('> 100 %');
    expect(write(1.2)).toBe('120 %');
  });
  it('says of 1,048,576 changed weights in 8 G that not all are unchanged', () => {
    expect(write(1 - 1_048_576 / 2 ** 33)).toBe('99.99 %');
    expect(write(1 - 1_048_576 / 2 ** 36)).toBe('> 99.99 %');
  });
});
