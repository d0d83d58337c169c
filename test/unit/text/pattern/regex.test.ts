import { describe, expect, it } from 'vitest';
import { Matcher } from '../../../../src/text/pattern/automaton.ts';
import { PatternError } from '../../../../src/text/pattern/error.ts';
import { globAutomaton, regexAutomaton } from '../../../../src/text/pattern/regex.ts';
import { growth } from '../../growth.ts';

const finds = (pattern: string, text: string): boolean => new Matcher(regexAutomaton(pattern)).find(text);
const glob = (pattern: string, text: string): boolean => new Matcher(globAutomaton(pattern)).find(text);

describe('regular expressions', () => {
  it('agree with the browser’s engine on random patterns and texts', () => {
    let state = 7;
    const random = (n: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n;
    const atoms = ['a', 'b', '.', '[ab]', '[^a]', '\\w', '\\b', '\\.', '^', '$', '(a|b)', '(?:ab|c)', '\\d', 'B'];
    const ends = ['', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?'];
    let compared = 0;
    for (let i = 0; i < 3000; i++) {
      const pattern = Array.from({ length: 1 + random(5) }, () => {
        const atom = atoms[random(atoms.length)] ?? '';
        return /^(\\b|\^|\$)$/.test(atom) ? atom : atom + (ends[random(ends.length)] ?? '');
      }).join(random(6) ? '' : '|');
      const native = new RegExp(pattern, 'i');
      const matcher = new Matcher(regexAutomaton(pattern));
      for (let k = 0; k < 20; k++) {
        const text = Array.from({ length: random(8) }, () => 'abc.1_é'[random(7)]).join('');
        expect(matcher.find(text), `/${pattern}/ on "${text}"`).toBe(native.test(text));
        compared++;
      }
    }
    expect(compared).toBe(60_000);
  });
  it('take time in proportion to the text where a backtracking engine takes exponential time', async () => {
    const nested = (length: number): boolean => finds('(a+)+$', `${'a'.repeat(length)}b`);
    const twice = (length: number): boolean => finds('(x*x*)*y', 'x'.repeat(length));
    // first where such an engine still ends: V8's own takes 200 times as long for the longer one
    for (const backtracks of [nested, twice]) expect(await growth(backtracks, 12, 26, 20)).toBeLessThan(20);
    expect(await growth(nested, 5000, 40_000, 24)).toBeLessThan(24);
    expect(await growth(twice, 5000, 40_000, 24)).toBeLessThan(24);
    expect(nested(5000)).toBe(false);
    expect(twice(5000)).toBe(false);
  });
  it('stay within memory if the sets of states are many', () => {
    const matcher = new Matcher(regexAutomaton('a.{14}b'));
    let state = 1;
    const text = Array.from({ length: 40_000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 31 ? 'a' : 'c';
    }).join('');
    expect(matcher.find(text)).toBe(false);
    expect(matcher.find(`${text}a${'c'.repeat(14)}b`)).toBe(true);
  });
  it.each([
    ['(', 'A "(" is not closed.'],
    ['a)', '")" without'],
    ['[a', 'A "[" is not closed.'],
    ['*a', '"*" has nothing to repeat.'],
    ['a**', 'Two quantifiers'],
    ['a{3,2}', 'counts down'],
    ['a{2000}', 'repeats more than'],
    ['((a{90}){90}){9}', 'repeats too much'],
    ['\\', 'stands at the end'],
    ['(?=a)', 'Look-around is not supported.'],
    ['(a)\\1', 'Backreferences are not supported.'],
    ['[b-a]', 'runs backwards'],
    ['a'.repeat(1000), 'longer than'],
  ])('%s is refused', (pattern, message) => {
    expect(() => regexAutomaton(pattern)).toThrow(PatternError);
    expect(() => regexAutomaton(pattern)).toThrow(message);
  });
});
describe('globs', () => {
  const name = 'model.layers.12.self_attn.q_proj.weight';
  it.each([
    ['*q_proj*', true],
    ['q_proj*', true],
    ['layers.1?.*', true],
    ['layers.?.*', false],
    ['layers.*.q_proj', true],
    ['*.weight', true],
    ['*_proj', true],
    ['q*,k_proj*', true],
    ['k*,v*', false],
    ['l*yers', true],
    ['proj*', false],
    ['model.*.weight', true],
  ])('%s fits whole parts of the name: %s', (pattern, fits) => {
    expect(glob(pattern, name)).toBe(fits);
  });
  it('takes every other character as it is', () => {
    expect(glob('a+(b)*', 'x.a+(b)c')).toBe(true);
    expect(glob('a.b*', 'axb')).toBe(false);
  });
});
