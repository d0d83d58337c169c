/** One stored value as text: short for a cell, exact for a tooltip and for copying, and its bits. No DOM. */
import { numberType, numpyName, smallestNormal } from '../../src/numbers/index.ts';
import type { ValuesBlock } from '../../src/protocol/matrix.ts';
import { num } from './format.ts';
import { t } from './l10n.ts';

/** A type that this version does not know is read as float64. */
export const bitsOf = (dtype: string): number => numberType(dtype)?.bits ?? 64;
export const isComplex = (dtype: string): boolean => numberType(dtype)?.kind === 'complex';
const isInteger = (dtype: string): boolean => numberType(dtype)?.kind === 'integer';
/** NumPy has no bfloat16 and no 8-bit floats: float32 holds each of their values exactly. */
const numpyOf = (dtype: string): string => (numberType(dtype) ? (numpyName(dtype) ?? 'float32') : 'float64');

/** What is out of the ordinary about a value; shown by its words, not by a colour. */
export type Mark = 'nan' | 'infinite' | 'negative zero' | 'subnormal' | null;
function markOf(dtype: string, value: number): Mark {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return 'infinite';
  if (Object.is(value, -0)) return 'negative zero';
  return value !== 0 && Math.abs(value) < smallestNormal(dtype) ? 'subnormal' : null;
}

/** Shortest decimal that gives the same float32 (or float64) back. */
export function shortest(dtype: string, value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value) || dtype === 'F64' || isInteger(dtype)) return String(value);
  for (let digits = 1; digits < 10; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(value);
}

/** Longer than this, an exact decimal is of no use to a reader. */
const MAX_DIGITS = 60;
/** Every digit of a finite double; null if they are more than MAX_DIGITS. */
export function exactDecimal(value: number): string | null {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const words = new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
  const field = Number((words >> 52n) & 0x7ffn);
  let mantissa = words & 0xfffffffffffffn;
  if (field > 0) mantissa |= 1n << 52n;
  let exponent = Math.max(field, 1) - 1075;
  while (mantissa % 2n === 0n && exponent < 0) {
    mantissa /= 2n;
    exponent++;
  }
  const sign = value < 0 ? '-' : '';
  if (exponent >= 0) {
    const text = (mantissa << BigInt(exponent)).toString();
    return text.length > MAX_DIGITS ? null : sign + text;
  }
  if (-exponent > MAX_DIGITS) return null;
  const text = (mantissa * 5n ** BigInt(-exponent)).toString().padStart(1 - exponent, '0');
  return `${sign}${text.slice(0, exponent)}.${text.slice(exponent)}`;
}

export interface ValueText {
  /** at most four significant digits */
  short: string;
  /** gives the stored value back */
  exact: string;
  hex: string;
  mark: Mark;
}

/** Element `index` of a block. */
export function valueText({ dtype, values, codes }: ValuesBlock, index: number): ValueText {
  const code = codes[index] ?? 0n;
  const bits = bitsOf(dtype);
  // A value that codes and scales make has no code of its own.
  const hex = codes.length === 0 ? '\u2013' : `0x${code.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
  if (isComplex(dtype)) {
    const re = values[index * 2] ?? NaN;
    const im = values[index * 2 + 1] ?? NaN;
    const part = (x: number, show: (x: number) => string): string => (Number.isNaN(x) ? 'NaN' : show(x));
    const join = (show: (x: number) => string): string => {
      const imaginary = part(im, show);
      return `${part(re, show)}${/^[-\u2212]/.test(imaginary) ? '' : '+'}${imaginary}i`;
    };
    const mark = markOf(dtype, re) ?? markOf(dtype, im);
    return { short: join((x) => num(x, 3)), exact: join((x) => shortest('F32', x)), hex, mark };
  }
  const value = values[index] ?? NaN;
  if (dtype === 'BOOL') {
    const word = value ? 'true' : 'false';
    return { short: word, exact: word, hex, mark: null };
  }
  const mark = markOf(dtype, value);
  if (isInteger(dtype)) {
    const whole = dtype.startsWith('I') ? BigInt.asIntN(bits, code) : code;
    return { short: num(value), exact: whole.toString(), hex, mark: null };
  }
  const short = mark === 'nan' ? 'NaN' : mark === 'negative zero' ? '\u22120' : num(value);
  return { short, exact: shortest(dtype, value), hex, mark };
}

/** The reading of one cell: index, value, exact decimal, bits, what is special. */
export function readingOf(index: readonly number[], block: ValuesBlock, at: number): string {
  const { exact, hex, mark } = valueText(block, at);
  const value = block.values[at] ?? NaN;
  const decimal =
    isComplex(block.dtype) || !Number.isFinite(value) || isInteger(block.dtype) ? null : exactDecimal(value);
  const parts = [`[${index.join(', ')}]  ${exact}`];
  if (decimal !== null && decimal !== exact && block.dtype !== 'BOOL') parts.push(t('exactly {0}', decimal));
  parts.push(block.codes.length === 0 ? t('{0}, from codes and scales', block.dtype) : `${block.dtype} ${hex}`);
  if (mark) parts.push(markWord(mark));
  return parts.join(', ');
}
export function markWord(mark: NonNullable<Mark>): string {
  switch (mark) {
    case 'nan':
      return t('not a number');
    case 'infinite':
      return t('infinite');
    case 'negative zero':
      return t('negative zero');
    case 'subnormal':
      return t('subnormal');
  }
}

function literal(block: ValuesBlock, at: number): string {
  const one = (value: number): string =>
    Number.isNaN(value)
      ? 'np.nan'
      : value === Infinity
        ? 'np.inf'
        : value === -Infinity
          ? '-np.inf'
          : shortest(block.dtype, value);
  if (isComplex(block.dtype))
    return `complex(${one(block.values[at * 2] ?? NaN)}, ${one(block.values[at * 2 + 1] ?? NaN)})`;
  if (block.dtype === 'BOOL') return block.values[at] ? 'True' : 'False';
  return isInteger(block.dtype) ? valueText(block, at).exact : one(block.values[at] ?? NaN);
}
function lines(block: ValuesBlock, cell: (at: number) => string, join: string): string[] {
  const width = block.columns[1] - block.columns[0];
  return Array.from({ length: block.rows[1] - block.rows[0] }, (_, row) =>
    Array.from({ length: width }, (_, column) => cell(row * width + column)).join(join),
  );
}

/** `np.array([[...], [...]], dtype=np.float32)`; a single column of a vector as one axis. */
export function numpyText(block: ValuesBlock, isVector: boolean): string {
  const { dtype } = block;
  const numpy = numpyOf(dtype);
  const rows = lines(block, (at) => literal(block, at), ', ');
  const body = isVector ? `[${rows.join(', ')}]` : `[${rows.map((row) => `[${row}]`).join(',\n          ')}]`;
  const note = numpy === 'float32' && dtype !== 'F32' ? `  # ${dtype}, exact in float32` : '';
  return `np.array(${body}, dtype=np.${numpy})${note}\n`;
}
/** One line a row, every value exact. */
export function separatedText(block: ValuesBlock, separator: ',' | '\t'): string {
  return lines(block, (at) => valueText(block, at).exact, separator)
    .map((line) => `${line}\n`)
    .join('');
}
