/** Filters over numbers: "4096x*", ">= 2-D", and ranges of layers. Pure. */
import { FilterError } from './problem.ts';
import { t } from '../../shared/l10n.ts';

export type ShapeTest = (shape: readonly number[]) => boolean;
type NumberTest = (value: number) => boolean;

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '': (a, b) => a === b,
  '=': (a, b) => a === b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
};
const normal = (operator = ''): string => operator.replace('≥', '>=').replace('≤', '<=');

/**
 * Alternatives are separated by commas. "4096x*" and "4096 × >=1024": two axes, each a length, "*" or a comparison; ">= 2-D", "1-D": the
 * number of axes; "scalar": none. Throws FilterError.
 */
export function parseShape(text: string): ShapeTest {
  const tests = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter(Boolean)
    .map(oneShape);
  return (shape) => tests.some((test) => test(shape));
}
function oneShape(text: string): ShapeTest {
  if (text === 'scalar') return (shape) => shape.length === 0;
  const axes = /^(>=|<=|≥|≤|>|<|=)?\s*(\d+)\s*-?\s*d$/.exec(text);
  if (axes) {
    const compare = COMPARE[normal(axes[1])];
    return (shape) => compare?.(shape.length, Number(axes[2])) ?? false;
  }
  const sides = text.split(/\s*[x×]\s*/).map(oneSide);
  return (shape) => shape.length === sides.length && sides.every((test, i) => test(shape[i] ?? 0));
}
function oneSide(text: string): NumberTest {
  if (text === '*') return () => true;
  const match = /^(>=|<=|≥|≤|>|<|=)?\s*(\d+)$/.exec(text);
  const compare = match && COMPARE[normal(match[1])];
  if (!compare) throw new FilterError(t('“{0}” is not a length. Write 4096x*, >=1024 x 64, >= 2-D or scalar.', text));
  return (value) => compare(value, Number(match[2]));
}

/** "3", "0-11", "12-", "-3", "none" (outside the layers), separated by commas. Throws FilterError. */
export function parseLayers(text: string): (layer: number | null) => boolean {
  const ranges = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter(Boolean)
    .map((part): readonly [number, number] | null => {
      if (part === 'none') return null;
      const match = /^(\d*)\s*(-|–|\.\.)?\s*(\d*)$/.exec(part);
      if (!match || (match[1] === '' && match[3] === ''))
        throw new FilterError(t('“{0}” is not a layer. Write 3, 0-11, 12- or none.', part));
      if (match[2] === undefined) return [Number(match[1]), Number(match[1])];
      const from = match[1] ? Number(match[1]) : 0;
      const to = match[3] ? Number(match[3]) : Infinity;
      if (from > to) throw new FilterError(t('“{0}” runs backwards.', part));
      return [from, to];
    });
  return (layer) =>
    ranges.some((range) =>
      range === null ? layer === null : layer !== null && layer >= range[0] && layer <= range[1],
    );
}
