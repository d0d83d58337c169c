/** Does an automaton find itself anywhere in a text? Sets of states become states of a deterministic one as they are met (RE2's way). */
import { PatternError } from './error.ts';
import { type Automaton, holds } from './regex.ts';

/** Beyond, the cache is started anew: a pattern can have exponentially many sets. */
const MAX_CACHED = 2000;
const ASCII = 128;
/** Stands behind the last code unit. */
const END = -1;
type Before = 'start' | 'word' | 'other';

/** Where the automaton is between two code units. */
interface Place {
  /** states whose assertions are not looked at yet: they depend on what comes next */
  states: readonly number[];
  before: Before;
  /** by code unit, END at the last place */
  next: (Place | 'found' | undefined)[];
}

export class Matcher {
  private places = new Map<string, Place>();
  private first: Place;

  private work = 0;

  /** `limit`: code units and states looked at in all, after which `find` gives up: for patterns and names that a file holds. */
  constructor(
    private readonly automaton: Automaton,
    private readonly limit = Infinity,
  ) {
    this.first = this.place([], 'start');
  }

  /** Time grows with the text's length, times the number of states at worst; memory does not. Throws PatternError at the limit. */
  find(text: string): boolean {
    let place = this.first;
    this.work += text.length;
    for (let i = 0; i <= text.length; i++) {
      const unit = i < text.length ? text.charCodeAt(i) : END;
      const slot = unit === END ? ASCII : unit;
      let next = unit < ASCII ? place.next[slot] : undefined;
      if (next === undefined) {
        next = this.step(place, unit);
        if (unit < ASCII) place.next[slot] = next;
      }
      if (next === 'found') return true;
      place = next;
    }
    return false;
  }

  private step({ states, before }: Place, unit: number): Place | 'found' {
    const seen = new Set<number>();
    // a match may begin at every place
    const open = [...states, this.automaton.start];
    const after = new Set<number>();
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const state = this.automaton.states[at];
      switch (state?.kind) {
        case 'match':
          return 'found';
        case 'split':
          open.push(state.a, state.b);
          break;
        case 'assert':
          if (isTrue(state.at, before, unit)) open.push(state.next);
          break;
        case 'set':
          if (unit !== END && holds(state.set, unit, this.automaton.anyCase)) after.add(state.next);
          break;
        case undefined:
          break;
      }
    }
    this.work += seen.size;
    if (this.work > this.limit) throw new PatternError('takes-too-long');
    return this.place(
      [...after].sort((a, b) => a - b),
      isWord(unit) ? 'word' : 'other',
    );
  }

  private place(states: readonly number[], before: Before): Place {
    const key = `${before} ${states.join()}`;
    const known = this.places.get(key);
    if (known) return known;
    const place: Place = { states, before, next: new Array<undefined>(ASCII + 1).fill(undefined) };
    if (this.places.size >= MAX_CACHED) {
      // the places that refer to one another go with the map, but for those that a search is passing
      this.places = new Map();
      if (this.first) this.first.next.fill(undefined);
    }
    this.places.set(key, place);
    return place;
  }
}

function isWord(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || unit === 95;
}
function isTrue(at: 'start' | 'end' | 'word' | 'not-word', before: Before, unit: number): boolean {
  switch (at) {
    case 'start':
      return before === 'start';
    case 'end':
      return unit === END;
    case 'word':
      return (before === 'word') !== isWord(unit);
    case 'not-word':
      return (before === 'word') === isWord(unit);
  }
}
