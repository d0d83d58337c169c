/** Rows of a head that turn together: side by side in Meta's files, half a head apart in Hugging Face's. The first are read as the second. */
import { hasRotaryPairs, rotaryHead } from '../families/index.ts';
import type { ModelConfig } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import type { Match } from './orientation.ts';
import type { MatrixView } from './types.ts';

const UNKNOWN =
  'its rows lie in another order than on the other side, and nothing that is read (config.json, params.json, the metadata of a GGUF file) says by how many heads';

/** The side whose rows lie in pairs while the other's do not; null if both lie alike. */
export function pairedSide({ base, tuned }: Match): 'base' | 'tuned' | null {
  // Names that are the same are of files written the same way.
  if (base.name === tuned.name) return null;
  const paired = hasRotaryPairs(base.module);
  if (paired === hasRotaryPairs(tuned.module)) return null;
  return paired ? 'base' : 'tuned';
}

/** Why the rows of a pair can't be put in one order, or null. */
export function whyNotReordered(match: Match, config: ModelConfig | null): string | null {
  const side = pairedSide(match);
  if (side === null) return null;
  const { module, shape } = match[side];
  return shape.length === 2 && rotaryHead(module, shape[0] ?? 0, config) !== null ? null : UNKNOWN;
}

/** A matrix whose rows lie in pairs, row by row as the others have it; null if its heads are not known. Any other view as it is. */
export function inHalves(view: MatrixView, config: ModelConfig | null): MatrixView | null {
  if (!hasRotaryPairs(view.module)) return view;
  const head = rotaryHead(view.module, view.rows, config);
  if (head === null) return null;
  const { rowStride: row } = view;
  return {
    ...view,
    rowStride: 2 * row,
    rowBlock: { size: head, stride: head * row, inner: { size: head / 2, stride: row } },
  };
}

/** Whether the base's rows are read in another order than they lie in, because the tuned side has that one. */
export const readsBaseReordered = ({ notes }: { notes: readonly Problem[] }): boolean =>
  notes.some(({ message }) => message === reorderedNote('base').message);

export function reorderedNote(side: 'base' | 'tuned'): Problem {
  const message = `The rows of query and key of the ${side} side are read in the order of Hugging Face's files, head by head: as they are stored (by Meta, by llama.cpp) they lie in another.`;
  return { severity: 'info', code: 'pairing-rotary', message };
}
