/** Quantisation when a checkpoint is opened: the entries that describe others, what is reported, what is counted. */
import type { ProblemList } from '../../formats/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { QuantisationFacts } from '../../protocol/results.ts';
import { isNote, quantisationText } from './registry.ts';
import type { ReadBytes } from './layout.ts';

/** Notes read at once, as headers are. */
const AT_ONCE = 16;

/** The bytes of every note by its name; one that cannot be read is left out, and its weight says so. Throws cancelled. */
export async function readNotes(
  rows: Iterable<TensorRow>,
  read: ReadBytes,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted: TensorRow[] = [];
  for (const row of rows) if (isNote(row)) wanted.push(row);
  const notes = new Map<string, Uint8Array>();
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let row = wanted[next++]; row; row = wanted[next++]) {
      const bytes = new Uint8Array(row.sizeBytes);
      try {
        await read(row, 0, bytes, signal);
        notes.set(row.name, bytes);
      } catch (error) {
        if (!(error instanceof OffaxisError) || error.code === 'cancelled') throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, reader));
  return notes;
}

/** One line a reason, with how many tensors it holds for. */
export function reportQuantised(rows: Iterable<TensorRow>, problems: ProblemList): void {
  const reasons = new Map<string, { first: TensorRow; kind: string; count: number; counted: boolean }>();
  for (const row of rows) {
    if (!row.quantised || row.quantised.reason === null) continue;
    const { kind, reason, parameters } = row.quantised;
    const counted = parameters !== null;
    const key = `${kind}\n${reason}\n${counted}`;
    const found = reasons.get(key);
    if (found) found.count++;
    else reasons.set(key, { first: row, kind, count: 1, counted });
  }
  for (const { first, kind, count, counted } of reasons.values()) {
    const reason = first.quantised?.reason ?? '';
    const more = count > 1 ? `, and ${count - 1} more like it` : '';
    const at = { tensor: first.name };
    if (!counted) {
      const text = `its weights are packed (${kind}) and not counted${more}: ${reason}. The number of parameters is left out.`;
      problems.add('warning', 'packed-not-counted', text, '', at);
    } else {
      const text = `it is quantised (${kind}) and its values are not read${more}: ${reason}.`;
      problems.add(
        'warning',
        'quantised-not-read',
        text,
        'It is left out of every figure but the number of parameters.',
        at,
      );
    }
  }
}

/** One entry a quantisation, that of most weights first. */
export function factsOfQuantisation(rows: Iterable<TensorRow>): QuantisationFacts[] {
  const found = new Map<string, QuantisationFacts>();
  for (const { quantised, sizeBytes } of rows) {
    if (!quantised) continue;
    const { kind, bits, group, parameters, reason } = quantised;
    const text = quantisationText(quantised);
    const key = `${text}\n${reason ?? ''}`;
    let facts = found.get(key);
    if (!facts) {
      facts = { kind, bits: bits || null, group, text, tensors: 0, parameters: 0, storedBytes: 0, reason };
      found.set(key, facts);
    }
    facts.tensors++;
    facts.storedBytes += sizeBytes;
    facts.parameters = parameters === null || facts.parameters === null ? null : facts.parameters + parameters;
  }
  return [...found.values()].sort((a, b) => b.storedBytes - a.storedBytes);
}
