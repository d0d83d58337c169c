import { describe, expect, it } from 'vitest';
import type { TensorRow } from '../../../../../src/protocol/engine.ts';
import {
  chipsOf,
  compileFilter,
  type Filter,
  NO_FILTER,
  readFilter,
} from '../../../../../webview/inspector/find/filter.ts';
import { parseLayers, parseShape } from '../../../../../webview/inspector/find/shape.ts';
import { Search } from '../../../../../webview/inspector/find/search.ts';
import { tensorRow } from '../tensor-row.ts';
import { growth } from '../../../growth.ts';

function subject(name: string, change: Partial<TensorRow> = {}): { tensor: TensorRow; lower: string } {
  const tensor = tensorRow(name, { shape: [4096, 1024], ...change });
  return { tensor, lower: name.toLowerCase() };
}
const rows = [
  subject('model.embed_tokens.weight', { role: 'embedding', shape: [32000, 4096] }),
  subject('model.layers.0.self_attn.q_proj.weight'),
  subject('model.layers.1.self_attn.q_proj.weight', { dtype: 'F32' }),
  subject('model.layers.1.mlp.up_proj.weight', { shape: [8, 4096, 1024] }),
  subject('model.layers.12.input_layernorm.weight', { role: 'norm', shape: [4096] }),
  subject('model.layers.12.mlp.up_proj.weight', { missing: true, shape: [], dtype: '?' }),
];
function found(change: Partial<Filter>, problems: string[] = []): number[] {
  const { test } = compileFilter({ ...NO_FILTER, ...change }, new Set(problems));
  return rows.flatMap((row, i) => (test(row) ? [i] : []));
}

describe('the filter', () => {
  it('wants every word, in any order and case', () => {
    expect(found({ text: 'UP 12' })).toEqual([5]);
    expect(found({ text: '  ' })).toHaveLength(rows.length);
    expect(found({ text: 'q_proj,up_proj 1.' })).toEqual([2, 3]);
  });
  it('takes globs among the words', () => {
    expect(found({ text: 'layers.1.* proj' })).toEqual([2, 3]);
  });
  it('takes a regular expression', () => {
    expect(found({ text: 'layers\\.(0|12)\\..*(norm|Q_proj)', regex: true })).toEqual([1, 4]);
  });
  it('says what is wrong with a pattern, and leaves it out', () => {
    const compiled = compileFilter({ ...NO_FILTER, text: '(', regex: true, shape: '4x', layers: 'x' }, new Set());
    expect(compiled.errors.text).toContain('not closed');
    expect(compiled.errors.shape).toContain('is not a length');
    expect(compiled.errors.layers).toContain('is not a layer');
    expect(rows.every((row) => compiled.test(row))).toBe(true);
  });
  it('joins its parts with "and", alternatives of one part with "or"', () => {
    expect(found({ dtypes: ['F32', '?'] })).toEqual([2, 5]);
    expect(found({ roles: ['norm', 'embedding'] })).toEqual([0, 4]);
    expect(found({ modules: ['mlp.up_proj'], layers: '0-5' })).toEqual([3]);
    expect(found({ shape: '>= 3-D' })).toEqual([3]);
  });
  it('shows what something is wrong with, missing tensors among them', () => {
    expect(found({ problems: true }, ['model.layers.0.self_attn.q_proj.weight'])).toEqual([1, 5]);
  });
});
describe('shapes', () => {
  it.each([
    ['4096x*', [4096, 11], true],
    ['4096x*', [4096, 11, 2], false],
    ['4096 × 1024', [4096, 1024], true],
    ['*x>=1024', [3, 1023], false],
    ['>= 2-D', [1, 1], true],
    ['2-D', [1, 1, 1], false],
    ['<2d', [9], true],
    ['scalar', [], true],
    ['scalar', [1], false],
    ['1-D, 7x7', [7, 7], true],
    ['4096', [4096], true],
  ])('%s on %j: %s', (text, shape, fits) => {
    expect(parseShape(text)(shape)).toBe(fits);
  });
  it.each(['4096xx2', 'x', '-3', 'two'])('%s is refused', (text) => {
    expect(() => parseShape(text)).toThrow('Write 4096x*');
  });
});
describe('layers', () => {
  it.each([
    ['3', 3, true],
    ['0-11', 12, false],
    ['12-', 99, true],
    ['-3', 0, true],
    ['none', null, true],
    ['none', 0, false],
    ['1, 5-6', 6, true],
    ['1..2', 2, true],
  ])('%s holds %s: %s', (text, layer, holds) => {
    expect(parseLayers(text)(layer)).toBe(holds);
  });
  it.each(['-', 'a', '5-2', '1-2-3'])('%s is refused', (text) => {
    expect(() => parseLayers(text)).toThrow();
  });
});
describe('chips', () => {
  it('stand for each part, and take it away alone', () => {
    const filter: Filter = { ...NO_FILTER, text: 'q', dtypes: ['F32', 'BF16'], layers: '0-3', problems: true };
    const chips = chipsOf(filter);
    expect(chips.map(({ text }) => text)).toEqual([
      'Name: q',
      'Type: F32',
      'Type: BF16',
      'Layers: 0-3',
      'Problems only',
    ]);
    expect(chips[1]?.without).toEqual({ ...filter, dtypes: ['BF16'] });
    expect(chipsOf(NO_FILTER)).toEqual([]);
  });
});
describe('a stored filter', () => {
  it('is read back, an older one as its text, nonsense as none', () => {
    const filter: Filter = { ...NO_FILTER, text: 'a', regex: true, roles: ['head'], shape: '2-D' };
    expect(readFilter(JSON.parse(JSON.stringify(filter)))).toEqual(filter);
    expect(readFilter('up_proj')).toEqual({ ...NO_FILTER, text: 'up_proj' });
    expect(readFilter({ roles: ['boss'], dtypes: 3, layers: [] })).toEqual(NO_FILTER);
    expect(readFilter(null)).toEqual(NO_FILTER);
  });
});
describe('the search', () => {
  it('answers at once if that is quick', () => {
    const search = new Search<number>();
    let answer: readonly number[] = [];
    search.run(
      [1, 2, 3],
      (n) => n > 1,
      (all) => (answer = all),
    );
    expect(answer).toEqual([2, 3]);
  });
  it('goes on later if it takes long, and an earlier run never answers', () => {
    let time = 0;
    const waiting: (() => void)[] = [];
    const search = new Search<number>({
      now: () => (time += 10),
      later: (rest) => {
        waiting.push(rest);
        return () => void waiting.splice(waiting.indexOf(rest), 1);
      },
    });
    const rows = Array.from({ length: 5000 }, (_, i) => i);
    const answers: number[] = [];
    search.run(
      rows,
      (n) => n % 2 === 0,
      (all) => answers.push(all.length),
    );
    expect(search.isRunning).toBe(true);
    search.run(
      rows,
      (n) => n % 5 === 0,
      (all) => answers.push(all.length),
    );
    for (let rest = waiting.shift(); rest; rest = waiting.shift()) rest();
    expect(answers).toEqual([1000]);
    expect(search.isRunning).toBe(false);
  });
  it('goes through 500 000 names without holding the page', async () => {
    const names = Array.from({ length: 500_000 }, (_, i) =>
      subject(`model.layers.${i % 94}.mlp.experts.${i}.up_proj.weight`),
    );
    const { test } = compileFilter({ ...NO_FILTER, text: '(.*e.*r.*)+experts\\.77+\\.', regex: true }, new Set());
    // a clock of its own, on which a name takes a fiftieth of a millisecond
    let [time, slice, longest] = [0, 0, 0];
    const search = new Search<(typeof names)[number]>({
      now: () => time,
      later: (rest) => {
        slice = time;
        const timer = setTimeout(rest);
        return () => clearTimeout(timer);
      },
    });
    const timed = (one: (typeof names)[number]): boolean => {
      longest = Math.max(longest, (time += 0.02) - slice);
      return test(one);
    };
    const count = await new Promise<number>((resolve) => search.run(names, timed, (all) => resolve(all.length)));
    expect(count).toBe(4);
    // a slice of 16 ms, and the names until the clock is read
    expect(longest).toBeLessThan(16 + 256 * 0.02 + 1);
    // and the pattern, on which a backtracking engine takes exponential time, takes it in proportion to the name
    const { test: hostile } = compileFilter({ ...NO_FILTER, text: '(e+r*)+!', regex: true }, new Set());
    expect(await growth((length) => hostile(subject('e'.repeat(length))), 12, 26, 20)).toBeLessThan(20);
  });
});
