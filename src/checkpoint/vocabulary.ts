/** Tables with a row a token: those that one side has resized, and an output head that one side has and the other ties to its embedding. */
import type { TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import type { Match } from './orientation.ts';
import type { Checkpoint } from './types.ts';

/** Embeddings of something other than tokens. */
const OTHER = /(^|[._])(pos|position|positional|token_type|type|segment|patch|time|wpe|rotary|relative)([._]|$)/;

/** The first table of tokens of a side; null if it has none. */
function tokenTable(rows: Iterable<TensorRow>): TensorRow | null {
  for (const row of rows) if (row.role === 'embedding' && row.shape.length === 2 && !OTHER.test(row.module)) return row;
  return null;
}

/** Tokens on each side, if they differ; null if they do not, or a side has no table. */
export function resized(base: Checkpoint, tuned: Checkpoint): { base: number; tuned: number } | null {
  const tokens = [base, tuned].map(({ tensors }) => tokenTable(tensors.values())?.shape[0]);
  const [left, right] = tokens;
  return left === undefined || right === undefined || left === right ? null : { base: left, tuned: right };
}

/** Rows that both sides of a table of tokens have, the first ones; null of any other pair. */
export function commonRows({ base, tuned }: Match, tokens: { base: number; tuned: number } | null): number | null {
  if (!tokens || base.role !== tuned.role || (base.role !== 'embedding' && base.role !== 'head')) return null;
  const [first, ...rest] = base.shape;
  const [other, ...others] = tuned.shape;
  if (first !== tokens.base || other !== tokens.tuned || rest.length > 1 || rest[0] !== others[0]) return null;
  return Math.min(tokens.base, tokens.tuned);
}

export function resizedNote(tokens: { base: number; tuned: number }): Problem {
  const message = `The vocabulary has ${tokens.base} tokens in the base and ${tokens.tuned} in the tuned side: the first ${Math.min(tokens.base, tokens.tuned)} rows of its tables are compared.`;
  return { severity: 'info', code: 'pairing-vocabulary', message };
}

/**
 * An output head that only one side has: against the embedding of the other, if config.json there says that it ties the two. Nothing is
 * assumed of a model that does not say.
 */
export function loneHead(
  base: Checkpoint,
  tuned: Checkpoint,
  baseRest: readonly TensorRow[],
  tunedRest: readonly TensorRow[],
): { match: Match | null; note: Problem } | null {
  const heads = { base: headOf(base, baseRest), tuned: headOf(tuned, tunedRest) };
  if ((heads.base === null) === (heads.tuned === null)) return null;
  const [side, own, other] = heads.base
    ? (['base', heads.base, tuned] as const)
    : (['tuned', heads.tuned, base] as const);
  const embedding = tokenTable(other.tensors.values());
  if (!own || !embedding) return null;
  const tied = other.stated?.tiedHead ?? null;
  const missing = side === 'base' ? 'tuned' : 'base';
  const name = JSON.stringify(own.name);
  const why =
    tied === true
      ? side === 'base'
        ? `its config.json ties the head to the embedding, and ${name} is compared with that`
        : 'its config.json ties the head to the embedding, which is compared once, with the embedding'
      : tied === false
        ? 'its config.json says that it is not tied to the embedding: it is missing there'
        : 'nothing says whether it is tied to the embedding there; it is left out';
  const message = `Only the ${side} side has an output head, ${name}; the ${missing} side has none: ${why}.`;
  // the role of a head on both sides, so that both are read as one table
  const table: TensorRow = { ...embedding, role: own.role };
  const match = side === 'base' ? { base: own, tuned: table } : { base: table, tuned: own };
  return {
    // The base's embedding is one weight: it is compared once, with the other side's embedding.
    match: tied === true && side === 'base' ? match : null,
    note: { severity: 'info', code: 'pairing-head', message },
  };
}

/** The head over all tokens among the rows of a side. */
function headOf(side: Checkpoint, rows: readonly TensorRow[]): TensorRow | null {
  const shape = tokenTable(side.tensors.values())?.shape;
  return (
    rows.find((row) => row.role === 'head' && row.shape.length === 2 && row.shape.join() === shape?.join()) ?? null
  );
}
