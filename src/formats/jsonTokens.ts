/** Tokens of JSON in UTF-8 bytes: strings, numbers and words, each by the letter of RFC 8259, with the byte offset of what is wrong. */

/** No shorter number without an exponent is too large for a float64. */
const FLOAT64_DIGITS = 309;
/** 2^64 - 1 has 20 digits; longer integers are only known to be larger. */
const MAX_INTEGER_DIGITS = 20;
/** Any integer of 15 digits lies below 2^53. */
const EXACT_DIGITS = 15;
const BEYOND_64_BITS = 1n << 64n;

export type JsonErrorCode =
  'json-syntax' | 'json-truncated' | 'json-too-deep' | 'number-too-large' | 'lone-surrogate' | 'not-a-plain-integer';

/** Where and why scanning stopped. `offset` counts from the start of the scanned bytes. */
export class JsonError extends Error {
  constructor(
    readonly code: JsonErrorCode,
    message: string,
    readonly offset: number,
  ) {
    super(message);
    this.name = 'JsonError';
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
const MINUS = 0x2d;
const ZERO = 0x30;
const ESCAPES = new Map([
  [0x22, '"'],
  [0x5c, '\\'],
  [0x2f, '/'],
  [0x62, '\b'],
  [0x66, '\f'],
  [0x6e, '\n'],
  [0x72, '\r'],
  [0x74, '\t'],
]);

export function isJsonSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Reads tokens one by one; every method starts at `position`, which is left behind the token. All throw JsonError. */
export class JsonTokens {
  position = 0;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** the same bytes */
  private readonly buffer: Buffer;

  /** `bytes` must be valid UTF-8 (the caller has checked). */
  constructor(readonly bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  skipSpace(): void {
    while (isJsonSpace(this.bytes[this.position])) this.position++;
  }

  /** What comes next, white space skipped. */
  kind(): 'object' | 'array' | 'string' | 'number' | 'word' | 'end' | 'other' {
    this.skipSpace();
    const byte = this.bytes[this.position];
    if (byte === undefined) return 'end';
    if (byte === OPEN_BRACE) return 'object';
    if (byte === OPEN_BRACKET) return 'array';
    if (byte === QUOTE) return 'string';
    if (byte === MINUS || isDigit(byte)) return 'number';
    return byte === 0x74 || byte === 0x66 || byte === 0x6e ? 'word' : 'other';
  }

  string(): string {
    this.expect(QUOTE, 'a string');
    const { bytes } = this;
    const start = this.position;
    let end = start;
    let ascii = true;
    for (; ; end++) {
      const byte = bytes[end];
      if (byte === undefined) throw this.truncated();
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) return this.escapedString(start, end);
      if (byte < 0x20) throw new JsonError('json-syntax', 'a control character inside a string', end);
      if (byte > 0x7f) ascii = false;
    }
    this.position = end + 1;
    return this.text(start, end, ascii);
  }

  /**
   * A non-negative integer written in plain digits. A value past 2^53 - 1 comes as a bigint, and past 20 digits as 2^64, which stands for
   * "more than that". Throws not-a-plain-integer for 1.0, 1e3 and -0, which leave `position` behind the number.
   */
  integer(): number | bigint {
    const start = this.position;
    if (this.kind() !== 'number') throw new JsonError('not-a-plain-integer', 'a plain integer was expected', start);
    const first = this.position;
    this.number();
    for (let i = first; i < this.position; i++) {
      if (!isDigit(this.bytes[i])) {
        const token = this.text(first, Math.min(this.position, first + 40), true);
        throw new JsonError('not-a-plain-integer', `${token} is not written as a plain integer`, first);
      }
    }
    const digits = this.position - first;
    if (digits <= EXACT_DIGITS) {
      let small = 0;
      for (let i = first; i < this.position; i++) small = 10 * small + ((this.bytes[i] ?? 0) - ZERO);
      return small;
    }
    if (digits > MAX_INTEGER_DIGITS) return BEYOND_64_BITS;
    const text = this.text(first, this.position, true);
    const value = Number(text);
    return value <= Number.MAX_SAFE_INTEGER ? value : BigInt(text);
  }

  truncated(): JsonError {
    return new JsonError('json-truncated', 'the JSON ends in the middle', this.bytes.length);
  }

  protected expect(byte: number, what: string): void {
    this.skipSpace();
    const found = this.bytes[this.position];
    if (found === undefined) throw this.truncated();
    if (found !== byte) throw new JsonError('json-syntax', `${what} was expected`, this.position);
    this.position++;
  }

  private escapedString(start: number, firstEscape: number): string {
    const { bytes } = this;
    const parts: string[] = [];
    let from = start;
    let at = firstEscape;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined) throw this.truncated();
      if (byte < 0x20) throw new JsonError('json-syntax', 'a control character inside a string', at);
      if (byte !== BACKSLASH && byte !== QUOTE) {
        at++;
        continue;
      }
      parts.push(this.text(from, at, false));
      if (byte === QUOTE) break;
      const { text, next } = this.escape(at);
      parts.push(text);
      from = at = next;
    }
    this.position = at + 1;
    return parts.join('');
  }

  private escape(at: number): { text: string; next: number } {
    const letter = this.bytes[at + 1];
    if (letter === undefined) throw this.truncated();
    const simple = ESCAPES.get(letter);
    if (simple !== undefined) return { text: simple, next: at + 2 };
    if (letter !== 0x75) throw new JsonError('json-syntax', 'an unknown escape', at);
    const unit = this.hex(at + 2);
    if (unit < 0xd800 || unit > 0xdfff) return { text: String.fromCharCode(unit), next: at + 6 };
    const paired = unit <= 0xdbff && this.bytes[at + 6] === BACKSLASH && this.bytes[at + 7] === 0x75;
    const low = paired ? this.hex(at + 8) : 0;
    if (low < 0xdc00 || low > 0xdfff) throw new JsonError('lone-surrogate', 'half of a surrogate pair', at);
    return { text: String.fromCharCode(unit, low), next: at + 12 };
  }

  private hex(at: number): number {
    if (at + 4 > this.bytes.length) throw this.truncated();
    const digits = this.text(at, at + 4, false);
    if (!/^[0-9a-fA-F]{4}$/.test(digits))
      throw new JsonError('json-syntax', 'four hexadecimal digits were expected', at);
    return Number.parseInt(digits, 16);
  }

  protected float(): void {
    const start = this.position;
    this.number();
    const text = this.text(start, this.position, true);
    if ((text.length >= FLOAT64_DIGITS || /e/i.test(text)) && !Number.isFinite(Number(text)))
      throw new JsonError('number-too-large', 'a number that is too large for a float64', start);
  }

  private number(): void {
    const { bytes } = this;
    if (bytes[this.position] === MINUS) this.position++;
    const start = this.position;
    this.digits();
    // 0 stands alone: JSON knows no 007.
    if (bytes[start] === 0x30 && this.position - start > 1) {
      throw new JsonError('json-syntax', 'a number with a leading zero', start);
    }
    if (bytes[this.position] === 0x2e) {
      this.position++;
      this.digits();
    }
    if (bytes[this.position] === 0x65 || bytes[this.position] === 0x45) {
      this.position++;
      if (bytes[this.position] === MINUS || bytes[this.position] === 0x2b) this.position++;
      this.digits();
    }
  }

  private digits(): void {
    const start = this.position;
    while (isDigit(this.bytes[this.position])) this.position++;
    if (this.position > start) return;
    if (start >= this.bytes.length) throw this.truncated();
    throw new JsonError('json-syntax', 'a digit was expected', start);
  }

  protected word(): void {
    for (const word of ['true', 'false', 'null']) {
      if (this.text(this.position, Math.min(this.position + word.length, this.bytes.length), false) === word) {
        this.position += word.length;
        return;
      }
    }
    throw new JsonError('json-syntax', 'a value was expected', this.position);
  }

  protected text(start: number, end: number, ascii: boolean): string {
    // A large index has a hundred thousand short strings, and the decoder takes ten times as long for each.
    return ascii ? this.buffer.toString('latin1', start, end) : this.decoder.decode(this.bytes.subarray(start, end));
  }
}
