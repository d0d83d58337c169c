/**
 * A strict JSON scanner over UTF-8 bytes that knows byte offsets. JSON.parse will not do for files that nobody vouches for: it keeps the
 * last of two equal keys, turns 1e3 and 2^60 into numbers, lets lone surrogates pass and loses the place of an error.
 */

import { JsonError, JsonTokens, OPEN_BRACE, OPEN_BRACKET } from './jsonTokens.ts';

/** Objects and arrays inside each other, as the reference implementation (serde_json) takes them. */
const MAX_DEPTH = 127;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** Reads values one by one; every method starts at `position`, which is left behind the value. All throw JsonError. */
export class JsonScanner extends JsonTokens {
  private depth = 0;

  /** Calls `visit` at each value of an object, with its key; `visit` must consume the value. */
  object(visit: (key: string, keyOffset: number) => void): void {
    this.within(() => this.members(visit));
  }
  private members(visit: (key: string, keyOffset: number) => void): void {
    this.expect(OPEN_BRACE, '{');
    this.skipSpace();
    if (this.bytes[this.position] === CLOSE_BRACE) {
      this.position++;
      return;
    }
    for (;;) {
      this.skipSpace();
      const keyOffset = this.position;
      const key = this.string();
      this.expect(COLON, ':');
      this.skipSpace();
      visit(key, keyOffset);
      if (this.endOfList(CLOSE_BRACE, '}')) return;
    }
  }

  /** Calls `visit` at each value of an array; `visit` must consume the value. */
  array(visit: () => void): void {
    this.within(() => this.elements(visit));
  }
  private elements(visit: () => void): void {
    this.expect(OPEN_BRACKET, '[');
    this.skipSpace();
    if (this.bytes[this.position] === CLOSE_BRACKET) {
      this.position++;
      return;
    }
    for (;;) {
      this.skipSpace();
      visit();
      if (this.endOfList(CLOSE_BRACKET, ']')) return;
    }
  }

  /** One object or array more around what is read. */
  private within(read: () => void): void {
    if (this.depth === MAX_DEPTH)
      throw new JsonError('json-too-deep', `objects and arrays nested deeper than ${MAX_DEPTH}`, this.position);
    this.depth++;
    try {
      read();
    } finally {
      // a value of a wrong kind is left in the middle and skipped anew
      this.depth--;
    }
  }

  /** Any value; only its grammar is checked, and that a float64 holds its numbers. */
  skipValue(): void {
    switch (this.kind()) {
      case 'object':
        return this.object(() => this.skipValue());
      case 'array':
        return this.array(() => this.skipValue());
      case 'string':
        this.string();
        return;
      case 'number':
        return this.float();
      case 'word':
        return this.word();
      case 'end':
        throw this.truncated();
      case 'other':
        throw new JsonError('json-syntax', 'a value was expected', this.position);
    }
  }

  /** The text of a number or word at the position, for messages and loose metadata. */
  token(): string {
    this.skipSpace();
    const start = this.position;
    this.skipValue();
    return this.text(start, this.position, false);
  }

  private endOfList(close: number, name: string): boolean {
    this.skipSpace();
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.truncated();
    if (byte !== COMMA && byte !== close)
      throw new JsonError('json-syntax', `"," or "${name}" was expected`, this.position);
    this.position++;
    return byte === close;
  }
}
