/** One entry of a safetensors header: `{dtype, shape, data_offsets}`. */
import type { JsonScanner } from '../jsonScanner.ts';
import { JsonError } from '../jsonTokens.ts';
import { quoted, type ProblemList } from '../problems.ts';

/** An entry as it is written; what is missing or of a wrong kind is null and reported. */
export interface DeclaredEntry {
  name: string;
  dtype: string | null;
  shape: (number | bigint)[] | null;
  offsets: [number, number] | null;
  /** of the entry in the file, bytes */
  byteOffset: number;
  /** a second entry of one name: its span counts, it is not listed */
  duplicate: boolean;
}

const REWRITE = 'Write it again with the safetensors library.';

/**
 * Reads the value at the scanner. `base` is the file offset of the scanner's first byte. A wrong value is reported and skipped, so that
 * the entries behind it are still read; throws JsonError if the JSON itself is broken.
 */
export function parseEntry(
  scanner: JsonScanner,
  name: string,
  base: number,
  problems: ProblemList,
): Omit<DeclaredEntry, 'duplicate'> {
  const byteOffset = base + scanner.position;
  const entry: Omit<DeclaredEntry, 'duplicate'> = { name, dtype: null, shape: null, offsets: null, byteOffset };
  const report = (code: string, text: string, offset = byteOffset): void =>
    problems.add('error', code, text, REWRITE, { tensor: name, byteOffset: offset });
  if (scanner.kind() !== 'object') {
    report('entry-not-object', 'its entry is not a JSON object.');
    scanner.skipValue();
    return entry;
  }
  const seen = new Set<string>();
  scanner.object((key, keyOffset) => {
    const duplicate = seen.has(key);
    seen.add(key);
    if (duplicate) {
      report('duplicate-key', `${quoted(key)} stands twice in its entry; the first is used.`, base + keyOffset);
      scanner.skipValue();
    } else if (key === 'dtype') entry.dtype = attempt(scanner, base, report, 'wrong-dtype', () => stringValue(scanner));
    else if (key === 'shape') entry.shape = attempt(scanner, base, report, 'wrong-shape', () => integers(scanner));
    else if (key === 'data_offsets')
      entry.offsets = attempt(scanner, base, report, 'wrong-offsets', () => offsetsOf(scanner));
    else {
      const text = `its entry has an unknown field ${quoted(key)}, which is ignored.`;
      problems.add('warning', 'unknown-field', text, '', { tensor: name, byteOffset: base + keyOffset });
      scanner.skipValue();
    }
  });
  for (const key of ['dtype', 'shape', 'data_offsets']) {
    if (!seen.has(key)) report('missing-field', `its entry has no ${quoted(key)}.`);
  }
  return entry;
}

/** A value of a wrong kind, in well-formed JSON. */
class WrongValue extends Error {}

/** Reads a value; one of a wrong kind is reported and skipped whole. */
function attempt<T>(
  scanner: JsonScanner,
  base: number,
  report: (code: string, text: string, offset: number) => void,
  code: string,
  read: () => T,
): T | null {
  const start = scanner.position;
  try {
    return read();
  } catch (error) {
    const plain = error instanceof JsonError && error.code === 'not-a-plain-integer';
    if (!plain && !(error instanceof WrongValue)) throw error;
    const offset = plain ? error.offset : start;
    report(plain ? 'not-a-plain-integer' : code, `${error.message}.`, base + offset);
    scanner.position = start;
    scanner.skipValue();
    return null;
  }
}

function stringValue(scanner: JsonScanner): string {
  if (scanner.kind() !== 'string') throw new WrongValue('its dtype is not a string');
  return scanner.string();
}

function integers(scanner: JsonScanner): (number | bigint)[] {
  if (scanner.kind() !== 'array') throw new WrongValue('a list of integers was expected');
  const values: (number | bigint)[] = [];
  scanner.array(() => {
    values.push(scanner.integer());
  });
  return values;
}

function offsetsOf(scanner: JsonScanner): [number, number] {
  const [begin, end, ...rest] = integers(scanner);
  if (begin === undefined || end === undefined || rest.length > 0)
    throw new WrongValue('its data_offsets are not two integers');
  if (typeof begin !== 'number' || typeof end !== 'number')
    throw new WrongValue('its data_offsets are larger than any file');
  if (end < begin) throw new WrongValue(`its data_offsets end at ${end}, before they begin at ${begin}`);
  return [begin, end];
}
