/** Each side's own orientation: one may store a matrix [in, out] (GPT-2's Conv1D), the other the same one [out, in]. */
import type { TensorRow } from '../protocol/engine.ts';

export interface Match {
  base: TensorRow;
  tuned: TensorRow;
}

/**
 * Sides as they are told by themselves (`transposed`). A side whose tensors do not tell is stored as the other one, or the other way
 * round if the shapes of what is not square say so: a square one alone says nothing.
 */
export function oriented(matches: readonly Match[]): Match[] {
  return own(own(matches, 'base', 'tuned'), 'tuned', 'base');
}

function own(matches: readonly Match[], side: 'base' | 'tuned', other: 'base' | 'tuned'): Match[] {
  const open = (match: Match): boolean =>
    match[side].transposed === undefined && match[other].transposed !== undefined && match[side].shape.length === 2;
  const reversed = matches.some((match) => open(match) && isReversed(match));
  return matches.map((match) =>
    open(match) ? { ...match, [side]: { ...match[side], transposed: match[other].transposed !== reversed } } : match,
  );
}

function isReversed({ base: { shape: a }, tuned: { shape: b } }: Match): boolean {
  return a[0] !== a[1] && a[0] === b[1] && a[1] === b[0];
}

/** As the model computes with it: [out, in] of a matrix. */
export function logicalShape({ shape, transposed }: TensorRow): readonly number[] {
  return transposed === true && shape.length === 2 ? [shape[1] as number, shape[0] as number] : shape;
}
