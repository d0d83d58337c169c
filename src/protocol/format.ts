/**
 * Numbers as people read them: at most four significant digits, a narrow no-break space before a unit and between thousands, a true
 * minus. The exact value belongs into a tooltip: `exact`.
 */
import type { Unit } from '../metrics/catalog.ts';

type Maybe = number | null | undefined;

const NARROW = '\u202f';
/** Stands for an undefined value; its reason is told beside it. */
export const NONE = '\u2013';

/** The marks of one surface. Digits, decimals, thousands and units are the same on all of them. */
export interface Marks {
  minus: string;
  /** for an undefined value */
  none: string;
  infinity: string;
  /** before a unit */
  space: string;
}
export interface Numbers {
  /** 0.02345 as "0.02345", 1.2e-5 as "1.200e-5", 12345 as "12 345" */
  num(x: Maybe, digits?: number): string;
  integer(x: number): string;
  /** Decimal units, as disks and hubs count. */
  bytes(n: number): string;
  /** Weights: exact below 10 000, then k, M, B, T. */
  count(n: number): string;
}

export function numbers({ minus, none, infinity, space }: Marks): Numbers {
  const signed = (text: string): string => text.replace(/^-/, minus).replace('e-', `e${minus}`);
  const integer = (x: number): string => signed(x.toLocaleString('en-US').replace(/,/g, NARROW));
  const scientific = (x: number, digits: number): string => {
    const [mantissa = '', exponent = ''] = x.toExponential(digits - 1).split('e');
    return signed(`${mantissa}e${Number(exponent)}`);
  };
  const num = (x: Maybe, digits = 4): string => {
    if (x === null || x === undefined || Number.isNaN(x)) return none;
    if (!Number.isFinite(x)) return x > 0 ? infinity : minus + infinity;
    if (x === 0) return '0';
    const size = Math.abs(x);
    if (Number.isInteger(x) && size < 1e6) return integer(x);
    if (size < 1e-3 || size >= 1e5) return scientific(x, digits);
    const text = x.toPrecision(digits);
    return text.includes('e') ? integer(Math.round(x)) : signed(text);
  };
  const scaled = (n: number, units: readonly string[]): string => {
    let unit = 0;
    let value = n;
    // 999.95 would be rounded to "1000"
    while (value >= 999.95 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return `${value.toPrecision(4)}${space}${units[unit]}`;
  };
  return {
    num,
    integer,
    bytes: (n) => (n < 1000 ? `${n}${space}B` : scaled(n / 1000, ['kB', 'MB', 'GB', 'TB', 'PB'])),
    count: (n) => (n < 1e4 ? integer(n) : scaled(n / 1000, ['k', 'M', 'B', 'T'])),
  };
}
const PAGE: Marks = { minus: '\u2212', none: NONE, infinity: '∞', space: NARROW };
/** What every terminal has, and what a script can read. */
export const PLAIN: Marks = { minus: '-', none: '-', infinity: 'Infinity', space: ' ' };
export const plain = numbers(PLAIN);
/** Of the pages, the hovers and the answer in words. */
export const { num, integer, bytes, count } = numbers(PAGE);
const minus = (text: string): string => text.replace(/^-/, PAGE.minus);

/** A share 0..1 in percent, as people read it: see `shareText`. */
export const percent = (x: Maybe, digits = 3): string =>
  x === null || x === undefined || Number.isNaN(x) ? NONE : shareText(x, num, digits, NARROW);

/**
 * The one way to write a share in percent. It reads 0 % or 100 % only if it is exactly that: a value that its digits would round to 100
 * gets up to four, then "> 99.99 %", and just above 1 (a ratio that 1 does not bound) "> 100 %". `write` gives a number with so many
 * digits and never rounds to 0: what is small it writes with an exponent.
 */
export function shareText(
  x: number,
  write: (value: number, digits: number) => string,
  digits: number,
  space: string,
): string {
  const size = Math.abs(x);
  const beyond = (bound: number): string => `${x < 0 ? '<' : '>'}${space}${write(x < 0 ? -bound : bound, 4)}${space}%`;
  if (size === 0 || size === 1) return `${write(100 * x, digits)}${space}%`;
  // 100 x rounds to 100 at d digits from 1 - 10^-d / 2 on, and down to it below 1 + 10^(1 - d) / 2.
  if (size < 1) {
    const enough = [digits, 3, 4].find((d) => d >= digits && size < 1 - 0.5 * 10 ** -d);
    return enough === undefined ? beyond(99.99) : `${write(100 * x, enough)}${space}%`;
  }
  return size < 1 + 0.5 * 10 ** (1 - digits) ? beyond(100) : `${write(100 * x, digits)}${space}%`;
}
export const degrees = (x: Maybe, digits = 3): string => (x === null || x === undefined ? NONE : `${num(x, digits)}°`);
export const times = (x: Maybe, digits = 3): string =>
  x === null || x === undefined ? NONE : `×${NARROW}${num(x, digits)}`;
/** A value of a figure, or a mean of such values, in its unit. */
export function inUnit(unit: Unit, x: Maybe): string {
  switch (unit) {
    case 'share':
      return percent(x);
    case 'factor':
      return times(x);
    case 'degrees':
      return degrees(x);
    case 'number':
    case 'count':
    case 'truth':
      return num(x);
  }
}
/** Values in their unit for a surface that writes numbers its own way. */
export interface PlainUnits {
  readonly percent: (x: Maybe) => string;
  readonly degrees: (x: Maybe) => string;
  readonly inUnit: (unit: Unit, x: Maybe) => string;
}
/** `none`: for an undefined value; `degree`: behind an angle. */
export function plainUnits(write: (x: Maybe, digits?: number) => string, none: string, degree: string): PlainUnits {
  const percentOf = (x: Maybe): string => (x === null || x === undefined ? none : shareText(x, write, 3, ' '));
  const degreesOf = (x: Maybe): string => (x === null || x === undefined ? none : `${write(x, 3)} ${degree}`);
  const plain = (x: Maybe): string => write(x);
  const units: Record<Unit, (x: Maybe) => string> = {
    ...{ share: percentOf, degrees: degreesOf },
    ...{ number: plain, factor: plain, count: plain, truth: plain },
  };
  return { percent: percentOf, degrees: degreesOf, inUnit: (unit, x) => units[unit](x) };
}
/** Short form for a cell 40 px wide. */
export function cell(x: Maybe): string {
  if (x === null || x === undefined) return '';
  const size = Math.abs(x);
  if (size === 0) return '0';
  if (!Number.isFinite(x)) return num(x);
  if (size >= 1e4 || size < 1e-3) {
    const [mantissa = '', exponent = ''] = x.toExponential(1).split('e');
    return minus(`${mantissa}e${exponent.replace('+', '').replace('-', PAGE.minus)}`);
  }
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : size >= 0.01 ? 3 : 4;
  return minus(x.toFixed(decimals));
}
/** Every digit of the number, for tooltips and copying; an undefined value says so. */
export const exact = (x: Maybe): string => (x === null || x === undefined ? 'undefined' : minus(String(x)));
/** "about 9 s", "about 4 min", "about 1 h 20 min": time left is a guess, so it is coarse. */
export function duration(seconds: number): string {
  const s = Math.max(1, Math.round(seconds));
  if (s < 90) return `${s}${NARROW}s`;
  const minutes = Math.round(s / 60);
  if (minutes < 90) return `${minutes}${NARROW}min`;
  return `${Math.floor(minutes / 60)}${NARROW}h ${minutes % 60}${NARROW}min`;
}
/** A text from a file, no longer than `most` characters, with how many there were. */
export const cutText = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${integer(text.length)})`;
