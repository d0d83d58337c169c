import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../../src/metrics/catalog.ts';
import { MASK_PREFIXES } from '../../../src/metrics/figure.ts';
import { ENERGY_SIDES } from '../../../src/metrics/figures/energies.ts';
import { english } from '../../../src/protocol/say.ts';
import { AGREEMENT_FIGURES, PATH_FIGURES } from '../../../src/metrics/severalCatalog.ts';

const text = readFileSync('METRICS.md', 'utf8');
const sections = new Map(text.split(/^## /m).map((section) => [section.slice(0, 2), section]));
const section = (letter: string): string => {
  const found = sections.get(`${letter}.`);
  if (found === undefined) throw new Error(`METRICS.md has no section ${letter}.`);
  return found;
};
/** `...Overlap` of the table after "prefix" stands for three ids, `...EnergyBaseline` too. */
function expanded(id: string): string[] {
  if (!id.startsWith('...')) return [id];
  const suffix = id.slice(3);
  const prefixes = suffix.startsWith('Energy') ? ENERGY_SIDES : MASK_PREFIXES;
  return prefixes.map((prefix) => prefix + suffix);
}
/** The ids in the first column of the tables of A, B and D, and in front of the bullets of F. */
const defined = [
  ...['A', 'B', 'D'].flatMap((letter) => section(letter).match(/^\|[^|]*\|/gm) ?? []),
  ...(section('F').match(/^- `\w+`/gm) ?? []),
]
  .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, ids = '']) => ids.split(' ')))
  .flatMap(expanded);
const FIGURES = [...CATALOG, ...AGREEMENT_FIGURES, ...PATH_FIGURES];
const ids = FIGURES.map(({ id }) => id as string);

describe('the catalog and METRICS.md', () => {
  it('hold the same figures', () => {
    expect(defined.length).toBeGreaterThan(90);
    const known = new Set(ids);
    expect(defined.filter((id) => !known.has(id))).toEqual([]);
    // the share of stored zeros is defined in the text, the two ranks among the parameters; the curves' ranks go with them
    const elsewhere = ['zeroShare', 'angleRank', 'maskRank', 'intrudersUndetermined', 'curveRanks'];
    for (const id of elsewhere.slice(0, 4)) expect(text).toContain(`\`${id}\``);
    // what two runs share by chance, and the figures of a walk, are defined beside the figures that they are there for
    const beside = ids.filter((id) => /(Null|Independent|Back|Chance|Walk)$/.test(id));
    expect(beside.filter((id) => !defined.some((one) => id.startsWith(one.replace(/Similarity$/, ''))))).toEqual([]);
    elsewhere.push(...beside, 'shared', 'onlyI', 'onlyJ', 'neither');
    expect(section('D')).toContain('| shared, only i, only j, neither |');
    expect(ids.filter((id) => !defined.includes(id) && !elsewhere.includes(id))).toEqual([]);
  });
});

describe('a figure', () => {
  it('has an id of its own, and stands beside figures that there are', () => {
    for (const list of [CATALOG, AGREEMENT_FIGURES, PATH_FIGURES])
      expect(new Set(list.map(({ id }) => id)).size).toBe(list.length);
    expect(FIGURES.flatMap(({ beside }) => (beside ? [beside.id] : [])).filter((id) => !ids.includes(id))).toEqual([]);
  });
  it('has a label and a sentence, whole ones', () => {
    for (const { id, label, sentence } of FIGURES) {
      expect(english(label), id).toMatch(/^[^{}]+$/);
      expect(english(sentence), id).toMatch(/^[^{}]+\.( 1 is noise\.)?$/);
    }
  });
});
