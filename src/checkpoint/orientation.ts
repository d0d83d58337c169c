/** Each side's own orientation: one may store a matrix [in, out] (GPT-2's Conv1D), the other the same one [out, in]. */
import type { TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';

export interface Match {
  base: TensorRow;
  tuned: TensorRow;
}

/**
 * Sides as they are told by themselves (`transposed`). A side whose tensors do not tell is stored as the other one, or the other way
 * round if the shapes of what is not square say so: a square one alone says nothing.
 */
export function oriented(matches: readonly Match[]): Match[] {
  const told = own(own(matches, 'base', 'tuned'), 'tuned', 'base');
  if (!isTurned(told)) return told;
  return told.map((match) =>
    isUntold(match)
      ? { base: { ...match.base, transposed: false }, tuned: { ...match.tuned, transposed: true } }
      : match,
  );
}

/** Matrices that show it, at least. */
const MANY = 2;

/**
 * Neither side says how it stores the blocks' matrices, and every one that is not square lies the other way round on the other side: so
 * do the square ones.
 */
export function isTurned(matches: readonly Match[]): boolean {
  const shapes = matches.filter((match) => isUntold(match) && match.base.shape[0] !== match.base.shape[1]);
  return shapes.length >= MANY && shapes.every(isReversed);
}

function isUntold({ base, tuned }: Match): boolean {
  return [base, tuned].every(
    ({ transposed, role, layer, shape }) =>
      transposed === undefined && role === 'block' && layer !== null && shape.length === 2,
  );
}

/** Nothing says which of the two is [out, in]: the base is taken for it. */
export const turnedNote: Problem = {
  severity: 'info',
  code: 'pairing-transposed',
  message: "The matrices of the tuned side's blocks lie the other way round than the base's: they are read transposed.",
};

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
