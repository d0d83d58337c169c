/** Damage to bytes and to JSON texts, as truncation, editors and attackers do it. */
import type { Random } from './random.ts';

const NUMBERS = [
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '1.0',
    '1e3',
    '1e999',
    '-1e999',
    '007',
    '4294967296',
    '9007199254740991',
    '9007199254740993',
  ],
  ...['18446744073709551615', '18446744073709551616', '99999999999999999999999', '1.7976931348623157e308', '0.1e-400'],
];
const TEXTS = [
  ...[
    '""',
    '"a"',
    '"__metadata__"',
    '"__proto__"',
    '"constructor"',
    '"..\\/..\\/x"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
  ],
  ...[
    '"\\u001b[31m"',
    '"\u202e"',
    '"é"',
    '"F32"',
    '"BF16"',
    '"F4"',
    '"F99"',
    '"C64"',
    '"dtype"',
    '"shape"',
    '"data_offsets"',
  ],
];
const VALUES = [
  ...NUMBERS,
  ...TEXTS,
  'true',
  'false',
  'null',
  '{}',
  '[]',
  '[0,0]',
  '{"a":1}',
  '[[]]',
  'NaN',
  'nul',
  '"',
  '{',
  '[',
];
/** A string, a number, a word or a mark. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g;

/** One to four bytes are flipped, set, left out, put in or repeated, or the end is cut off. */
export function damagedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let result = [...bytes];
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(result.length + 1);
    switch (random.below(6)) {
      case 0:
        result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        result[at] = random.pick([0, 0x20, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x80, 0xc0, 0xed, 0xff]);
        break;
      case 2:
        result.splice(at, 1 + random.below(8));
        break;
      case 3:
        result.splice(at, 0, ...random.bytes(1 + random.below(8)));
        break;
      case 4:
        result.splice(at, 0, ...result.slice(at, at + random.below(40)));
        break;
      case 5:
        if (random.chance(0.3)) result = result.slice(0, at);
        break;
    }
  }
  return Uint8Array.from(result);
}

/** One to three tokens of a JSON text are replaced, left out, repeated, swapped or wrapped. */
export function damagedJson(random: Random, text: string): string {
  const tokens = text.match(TOKENS) ?? [];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(tokens.length);
    switch (random.below(7)) {
      case 0:
      case 1:
        tokens[at] = random.pick(VALUES);
        break;
      case 2:
        tokens.splice(at, 1);
        break;
      case 3:
        tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random.below(12)));
        break;
      case 4:
        [tokens[at], tokens[0]] = [tokens[0] ?? '', tokens[at] ?? ''];
        break;
      case 5: {
        const depth = random.pick([1, 2, 120, 124, 125, 126, 127, 128, 129, 130, 5_000]);
        tokens[at] = `${'['.repeat(depth)}${tokens[at] ?? ''}${']'.repeat(depth)}`;
        break;
      }
      case 6:
        tokens.splice(at, 0, random.pick([' ', '\n', '\t', '\u00a0', '\ufeff', '/**/', ',']));
        break;
    }
  }
  return tokens.join('');
}
