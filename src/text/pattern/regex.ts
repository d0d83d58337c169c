/**
 * A regular expression as a nondeterministic automaton (Thompson 1968). The engine of JavaScript backtracks, and some patterns would hold
 * the page, or the extension host, for minutes on one name; here a name takes time in proportion to its length, whatever the pattern. The
 * price: no backreference and no look-around, which no automaton can do, and which say so. Every pattern that a person types or a file
 * holds is matched by this.
 */
import { PatternError } from './error.ts';

/** A longer pattern is pasted by mistake. */
const MAX_LENGTH = 300;
/** Of the parts of an automaton looked at while it is made: what repeats nothing has no states, and could be repeated without end. */
const MAX_STEPS = 20_000;
/** (a{100}){100} would need ten thousand states for a few characters. */
const MAX_STATES = 2000;
const MAX_REPEAT = 1000;

/** Ranges of UTF-16 code units, both ends in. */
export interface CharSet {
  ranges: readonly (readonly [number, number])[];
  negated: boolean;
}
export type Assertion = 'start' | 'end' | 'word' | 'not-word';
type Node =
  | { kind: 'set'; set: CharSet }
  | { kind: 'assert'; at: Assertion }
  | { kind: 'all'; parts: Node[] }
  | { kind: 'any'; parts: Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number };
/** One state; its number is its place in the list. */
export type State =
  | { kind: 'set'; set: CharSet; next: number }
  | { kind: 'assert'; at: Assertion; next: number }
  | { kind: 'split'; a: number; b: number }
  | { kind: 'match' };
export interface Automaton {
  states: readonly State[];
  start: number;
  /** upper and lower case of ASCII are alike */
  anyCase: boolean;
}
export interface PatternOptions {
  /** names come in lower case, patterns that are typed in any; left out: true */
  anyCase?: boolean;
  /** the pattern fits the text from its beginning to its end, as Python's `fullmatch`; left out: anywhere in it */
  whole?: boolean;
  /** in UTF-16 code units; left out: 300 */
  maxLength?: number;
}

const set = (...ranges: [number, number][]): CharSet => ({ ranges, negated: false });
const code = (character: string): number => character.charCodeAt(0);
const DIGIT: [number, number] = [code('0'), code('9')];
const WORD = set(DIGIT, [code('a'), code('z')], [code('A'), code('Z')], [code('_'), code('_')]);
const SPACE = set([9, 13], [32, 32], [0xa0, 0xa0], [0x2028, 0x2029]);
const ANY: CharSet = { ranges: [], negated: true };
const negate = (of: CharSet): CharSet => ({ ranges: of.ranges, negated: !of.negated });
const CLASSES = new Map([
  ['d', set(DIGIT)],
  ['D', negate(set(DIGIT))],
  ['w', WORD],
  ['W', negate(WORD)],
  ['s', SPACE],
  ['S', negate(SPACE)],
]);
const CONTROLS = new Map([
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['f', 12],
  ['v', 11],
  ['0', 0],
]);

/** Is the code unit in the set? */
export function holds({ ranges, negated }: CharSet, unit: number, anyCase: boolean): boolean {
  const upper = anyCase && unit >= 97 && unit <= 122 ? unit - 32 : unit;
  const inside = ranges.some(([from, to]) => (unit >= from && unit <= to) || (upper >= from && upper <= to));
  return inside !== negated;
}

/** The pattern as an automaton. Throws PatternError. */
export function regexAutomaton(
  pattern: string,
  { anyCase = true, whole = false, maxLength = MAX_LENGTH }: PatternOptions = {},
): Automaton {
  if (pattern.length > maxLength) throw new PatternError('too-long', maxLength);
  const node = new Parser(pattern).parse();
  const edge = (at: Assertion): Node => ({ kind: 'assert', at });
  return automatonOf(whole ? { kind: 'all', parts: [edge('start'), node, edge('end')] } : node, anyCase);
}

/**
 * `*` is any run of characters (dots too), `?` one character, a comma separates alternatives. The pattern fits whole parts of a name, so
 * "q_proj.*" and "layers.1?" find what they say wherever in the name it stands.
 */
export function globAutomaton(pattern: string): Automaton {
  if (pattern.length > MAX_LENGTH) throw new PatternError('too-long', MAX_LENGTH);
  const dot: Node = { kind: 'set', set: set([code('.'), code('.')]) };
  const edge = (at: Assertion): Node => ({ kind: 'any', parts: [{ kind: 'assert', at }, dot] });
  const alternatives = pattern
    .split(',')
    .filter((part) => part !== '')
    .map((part): Node => {
      const body = [...part].map((character): Node => {
        if (character === '*') return { kind: 'repeat', node: { kind: 'set', set: ANY }, min: 0, max: Infinity };
        if (character === '?') return { kind: 'set', set: ANY };
        return literal(character);
      });
      return { kind: 'all', parts: [edge('start'), ...body, edge('end')] };
    });
  return automatonOf({ kind: 'any', parts: alternatives }, true);
}
/** A character outside the basic plane is two code units. */
function literal(character: string): Node {
  const units = Array.from({ length: character.length }, (_, i): Node => {
    const unit = character.charCodeAt(i);
    return { kind: 'set', set: set([unit, unit]) };
  });
  return units.length === 1 && units[0] ? units[0] : { kind: 'all', parts: units };
}

function automatonOf(root: Node, anyCase: boolean): Automaton {
  const states: State[] = [{ kind: 'match' }];
  const add = (state: State): number => {
    if (states.length >= MAX_STATES) throw new PatternError('repeats-too-much');
    return states.push(state) - 1;
  };
  /** The first state of the node, which goes on at `next`. */
  let steps = 0;
  const emit = (node: Node, next: number): number => {
    if (++steps > MAX_STEPS) throw new PatternError('repeats-too-much');
    switch (node.kind) {
      case 'set':
        return add({ kind: 'set', set: node.set, next });
      case 'assert':
        return add({ kind: 'assert', at: node.at, next });
      case 'all':
        return node.parts.reduceRight((after, part) => emit(part, after), next);
      case 'any': {
        const starts = node.parts.map((part) => emit(part, next));
        return starts.reduceRight((b, a) => (b < 0 ? a : add({ kind: 'split', a, b })), -1);
      }
      case 'repeat': {
        let after = next;
        if (node.max === Infinity) {
          after = add({ kind: 'split', a: next, b: next });
          states[after] = { kind: 'split', a: emit(node.node, after), b: next };
        } else
          for (let i = node.min; i < node.max; i++) after = add({ kind: 'split', a: emit(node.node, after), b: next });
        for (let i = 0; i < node.min; i++) after = emit(node.node, after);
        return after;
      }
    }
  };
  const start = emit(root, 0);
  return { states, start, anyCase };
}

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): Node {
    const node = this.alternatives();
    if (this.at < this.text.length) throw new PatternError('closes-nothing');
    return node;
  }

  private alternatives(): Node {
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'any', parts };
  }
  private sequence(): Node {
    const parts: Node[] = [];
    while (this.at < this.text.length && !/[|)]/.test(this.peek())) parts.push(this.repeated());
    return { kind: 'all', parts };
  }
  private repeated(): Node {
    const node = this.atom();
    const range = this.quantifier();
    if (!range) return node;
    // lazy or greedy: which text is found differs, whether there is one does not
    this.take('?');
    if (node.kind === 'assert') throw new PatternError('repeats-nothing');
    if (this.quantifier()) throw new PatternError('two-quantifiers');
    return { kind: 'repeat', node, ...range };
  }
  private quantifier(): { min: number; max: number } | null {
    if (this.take('*')) return { min: 0, max: Infinity };
    if (this.take('+')) return { min: 1, max: Infinity };
    if (this.take('?')) return { min: 0, max: 1 };
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.at));
    if (!counted) return null;
    this.at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Infinity;
    if (min > max) throw new PatternError('counts-down', counted[0]);
    if (Math.max(min, max === Infinity ? 0 : max) > MAX_REPEAT)
      throw new PatternError('repeats-more', counted[0], MAX_REPEAT);
    return { min, max };
  }
  private atom(): Node {
    const character = this.peek();
    this.at += character.length;
    switch (character) {
      case '.':
        return { kind: 'set', set: ANY };
      case '^':
        return { kind: 'assert', at: 'start' };
      case '$':
        return { kind: 'assert', at: 'end' };
      case '(':
        return this.group();
      case '[':
        return { kind: 'set', set: this.bracket() };
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError('nothing-to-repeat', character);
      default:
        return literal(character);
    }
  }
  private group(): Node {
    if (this.take('?') && !this.take(':')) {
      if (/^(<?[=!])/.test(this.text.slice(this.at))) throw new PatternError('look-around');
      const name = /^<\w+>/.exec(this.text.slice(this.at));
      if (!name) throw new PatternError('group-kind');
      this.at += name[0].length;
    }
    const node = this.alternatives();
    if (!this.take(')')) throw new PatternError('open-group');
    return node;
  }
  private escape(): Node {
    const character = this.peek();
    if (character === '') throw new PatternError('escape-at-end');
    this.at += character.length;
    const known = CLASSES.get(character);
    if (known) return { kind: 'set', set: known };
    if (character === 'b' || character === 'B') return { kind: 'assert', at: character === 'b' ? 'word' : 'not-word' };
    if (/[1-9k]/.test(character)) throw new PatternError('backreference');
    const control = CONTROLS.get(character);
    if (control !== undefined) return { kind: 'set', set: set([control, control]) };
    if (/[a-z]/i.test(character)) throw new PatternError('unknown-escape', `\\${character}`);
    return literal(character);
  }
  private bracket(): CharSet {
    const negated = this.take('^');
    const ranges: [number, number][] = [];
    while (!this.take(']')) {
      if (this.at >= this.text.length) throw new PatternError('open-set');
      const from = this.member();
      if (typeof from !== 'number') {
        if (from.negated) throw new PatternError('negated-in-set');
        for (const [a, b] of from.ranges) ranges.push([a, b]);
        continue;
      }
      const next = this.text[this.at + 1];
      if (this.peek() !== '-' || next === ']' || next === undefined) {
        ranges.push([from, from]);
        continue;
      }
      this.at++;
      const to = this.member();
      if (typeof to !== 'number' || to < from) throw new PatternError('range-backwards');
      ranges.push([from, to]);
    }
    return { ranges, negated };
  }
  /** A code unit, or a class such as \d. */
  private member(): number | CharSet {
    const character = this.text[this.at++] ?? '';
    if (character !== '\\') return code(character);
    const escaped = this.text[this.at++];
    if (escaped === undefined) throw new PatternError('escape-at-end');
    return CLASSES.get(escaped) ?? CONTROLS.get(escaped) ?? code(escaped);
  }

  private peek(): string {
    const point = this.text.codePointAt(this.at);
    return point === undefined ? '' : String.fromCodePoint(point);
  }
  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }
}
