import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../../../src/metrics/catalog.ts';
import { english } from '../../../../src/protocol/say.ts';
import { headingSlug } from '../../../../src/text/slug.ts';
import { isTerm, TERM_IDS, TERMS, termOf } from '../../../../webview/shared/glossary.ts';

const METRICS = readFileSync(join(import.meta.dirname, '../../../../METRICS.md'), 'utf8');
const headings = [...METRICS.matchAll(/^##+ (.+)$/gm)].map((match) => match[1]);

describe('the glossary', () => {
  it.each(TERM_IDS)('%s is one sentence, and its definition is a heading of METRICS.md', (id) => {
    const { name, sentence, heading } = TERMS[id];
    expect(english(name)).not.toBe('');
    expect(english(sentence)).toMatch(/^[A-Z0-9].{20,}[^.]\.$/);
    expect(english(sentence).length).toBeLessThan(200);
    expect(headings).toContain(heading);
  });

  it('has two terms of no name, and two of no sentence', () => {
    for (const part of ['name', 'sentence'] as const)
      expect(new Set(TERM_IDS.map((id) => english(TERMS[id][part]))).size).toBe(TERM_IDS.length);
  });

  it('explains figures that METRICS.md defines, each in one place', () => {
    const figures = TERM_IDS.flatMap((id) => [...TERMS[id].figures]);
    expect(new Set(figures).size).toBe(figures.length);
    const known = new Set(CATALOG.map(({ id }) => id as string));
    const defined = (id: string): boolean => known.has(id) || METRICS.includes(id);
    // of a mask or an energy: METRICS.md writes the prefix once, and "..." in its place
    const byParts = (id: string): boolean =>
      METRICS.includes(`...${id.replace(/^(principalNotLow|principal|low|joint|left|right)/, '')}`);
    expect(figures.filter((id) => !defined(id) && !byParts(id))).toEqual([]);
  });

  it('finds the term of a figure, and none for a figure that needs no words', () => {
    expect(termOf('nss')).toBe('spectrumShift');
    expect(termOf('principalOverlap')).toBe('whichChanged');
    expect(termOf('min')).toBeUndefined();
    expect(isTerm('twin')).toBe(true);
    expect(isTerm('toString')).toBe(false);
  });
});

describe('headingSlug', () => {
  it.each([
    ['The noise twin', 'the-noise-twin'],
    ['B. Two checkpoints: what training did', 'b-two-checkpoints-what-training-did'],
    [TERMS.common.heading, 'runs-two-tuned-checkpoints-i-j-and-n-of-them'],
    [TERMS.straightness.heading, 'along-a-run-checkpoints-w_1--w_t-of-one-run-at-steps-t-w_0-the-base-at-step-0'],
  ])('"%s" is found under %s', (heading, slug) => {
    expect(headingSlug(heading)).toBe(slug);
  });
});
