/**
 * The header of a safetensors file: 8 bytes of length N, N bytes of JSON, data. Read without touching the data, so a file of 100 GB opens
 * as fast as one of 1 MB. Rules as in the reference implementation (safetensors `tensor.rs`, 0.8 line), stricter where it is lenient:
 * duplicate keys and lone surrogates are errors. A damaged file gives what could be read, with its problems.
 */
import type { ByteSource } from '../../bytes/index.ts';
import type { Header } from '../format.ts';
import { firstInvalidUtf8 } from '../utf8.ts';
import { parseEntry, type DeclaredEntry } from './headerEntry.ts';
import { checkLayout } from './headerLayout.ts';
import { IMPOSTOR_BYTES, impostorOf } from '../impostors.ts';
import { JsonScanner } from '../jsonScanner.ts';
import { isJsonSpace, JsonError } from '../jsonTokens.ts';
import { ProblemList, quoted } from '../problems.ts';

/** The reference implementation's limit: no header is larger, so nothing larger is ever allocated. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Length and most headers come with one read. */
const FIRST_READ_BYTES = 64 * 1024;
const LENGTH_BYTES = 8;
const OPEN_BRACE = 0x7b;

const RENEW = 'Download or copy the file again.';
const REWRITE = 'Write it again with the safetensors library.';

/** Opens nothing but the header. `file` is the name for messages. Throws read-failed and cancelled; what is wrong inside is a problem. */
export async function readSafetensorsHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header> {
  const problems = new ProblemList(file);
  const size = source.sizeBytes;
  const none = (): Header => ({
    entries: new Map(),
    metadata: new Map(),
    headerBytes: 0,
    problems: problems.list(),
  });
  if (size === 0) {
    problems.add('error', 'empty-file', 'the file is empty.', RENEW);
    return none();
  }
  const head = new Uint8Array(Math.min(size, FIRST_READ_BYTES));
  await source.read(0, head, signal);
  const reportImpostor = (): boolean => {
    const impostor = impostorOf(head.subarray(0, IMPOSTOR_BYTES), size);
    if (impostor) problems.add('error', impostor.code, impostor.text, impostor.advice);
    return impostor !== undefined;
  };
  if (size < LENGTH_BYTES) {
    if (!reportImpostor()) {
      const text = `the file has ${size} bytes; a safetensors file begins with 8 bytes of header length.`;
      problems.add('error', 'file-too-short', text, RENEW);
    }
    return none();
  }
  const declared = new DataView(head.buffer).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    if (!reportImpostor()) {
      const text = `the header is said to be ${declared} bytes long, more than the format's limit of ${MAX_HEADER_BYTES}.`;
      const advice = 'This is not a safetensors file, or its first bytes are damaged: download it again.';
      problems.add('error', 'header-too-large', text, advice, { byteOffset: 0 });
    }
    return none();
  }
  const length = Number(declared);
  if (LENGTH_BYTES + length > size) {
    if (!reportImpostor()) {
      const text = `the header of ${length} bytes reaches past the end of the file, which has ${size} bytes.`;
      problems.add('error', 'header-truncated', text, RENEW, { byteOffset: LENGTH_BYTES });
    }
    return none();
  }
  if (length === 0 && size > LENGTH_BYTES && head.every((byte) => byte === 0)) {
    const text = `the file begins with ${head.length === size ? `nothing but zeros (all ${size} bytes)` : `${head.length} zeros`}: its space was laid out, its content never came.`;
    problems.add('error', 'unfinished-download', text, 'The download or copy was not finished: start it again.');
    return none();
  }
  if (length === 0) {
    problems.add('error', 'empty-header', 'the header is empty; even a file without tensors has "{}".', REWRITE, {
      byteOffset: 0,
    });
    return none();
  }
  const first = head[LENGTH_BYTES];
  if (first !== OPEN_BRACE && !isJsonSpace(first) && reportImpostor()) return none();
  let json = head.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  if (json.length < length) {
    const whole = new Uint8Array(length);
    whole.set(json);
    await source.read(LENGTH_BYTES + json.length, whole.subarray(json.length), signal);
    json = whole;
  }
  return parseSafetensorsHeader(json, size, problems);
}

/** The JSON of a header. `fileBytes` is the size of the whole file. */
export function parseSafetensorsHeader(json: Uint8Array, fileBytes: number, problems: ProblemList): Header {
  const declared: DeclaredEntry[] = [];
  const metadata = new Map<string, string>();
  const headerBytes = LENGTH_BYTES + json.length;
  const complete = scanHeader(json, declared, metadata, problems);
  const entries = checkLayout(declared, { headerBytes, fileBytes, complete }, problems);
  return { entries, metadata, headerBytes, problems: problems.list() };
}

/** Fills `declared` and `metadata`; true when the JSON was read to its end. */
function scanHeader(
  json: Uint8Array,
  declared: DeclaredEntry[],
  metadata: Map<string, string>,
  problems: ProblemList,
): boolean {
  const report = (code: string, text: string, offset: number, advice = REWRITE, tensor?: string): void =>
    problems.add('error', code, text, advice, {
      byteOffset: LENGTH_BYTES + offset,
      ...(tensor === undefined ? {} : { tensor }),
    });
  const invalid = firstInvalidUtf8(json);
  if (invalid !== null) {
    report('not-utf8', 'the header is not valid UTF-8.', invalid, RENEW);
    return false;
  }
  const scanner = new JsonScanner(json);
  if (json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf) {
    report('byte-order-mark', 'the header begins with a byte order mark, which the format does not allow.', 0);
    scanner.position = 3;
  }
  const start = scanner.position;
  if (scanner.kind() !== 'object') {
    const truncated = scanner.kind() === 'end';
    report(
      truncated ? 'json-truncated' : 'header-not-object',
      'the header is not a JSON object.',
      scanner.position,
      RENEW,
    );
    return false;
  }
  if (scanner.position > start) {
    const text = 'white space stands before the header; some readers refuse that.';
    problems.add('warning', 'leading-white-space', text, REWRITE, { byteOffset: LENGTH_BYTES });
  }
  const seen = new Set<string>();
  try {
    scanner.object((name, offset) => {
      if (name === '__metadata__') scanMetadata(scanner, metadata, seen.has(name), offset, report);
      else {
        const duplicate = seen.has(name);
        if (duplicate) {
          report(
            'duplicate-key',
            'this name stands twice in the header; the first entry is used.',
            offset,
            REWRITE,
            name,
          );
        }
        declared.push({ ...parseEntry(scanner, name, LENGTH_BYTES, problems), duplicate });
      }
      seen.add(name);
    });
    scanner.skipSpace();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const text = `the header is not valid JSON: ${error.message}. What stands before that was read.`;
    report(error.code, text, error.offset, error.code === 'json-truncated' ? RENEW : REWRITE);
    return false;
  }
  checkEnd(json, scanner.position, report);
  return true;
}

type Report = (code: string, text: string, offset: number, advice?: string, tensor?: string) => void;

function checkEnd(json: Uint8Array, position: number, report: Report): void {
  if (position === json.length) return;
  let at = position;
  while (json[at] === 0 || isJsonSpace(json[at])) at++;
  if (at === json.length)
    report('nul-padding', 'the header is padded with NUL bytes; the format allows spaces only.', position);
  else report('json-trailing', 'something follows the JSON object inside the header.', position);
}

/** absent, null, or string to string */
function scanMetadata(
  scanner: JsonScanner,
  metadata: Map<string, string>,
  duplicate: boolean,
  offset: number,
  report: Report,
): void {
  if (duplicate) {
    report('duplicate-key', '"__metadata__" stands twice in the header; the first is used.', offset);
    scanner.skipValue();
    return;
  }
  const kind = scanner.kind();
  if (kind !== 'object') {
    const at = scanner.position;
    if (scanner.token() !== 'null') report('metadata-not-object', '"__metadata__" is not an object.', at);
    return;
  }
  scanner.object((key, keyOffset) => {
    if (scanner.kind() !== 'string') {
      report('metadata-not-string', `the metadata ${quoted(key)} is not a string.`, keyOffset);
      scanner.skipValue();
      return;
    }
    const value = scanner.string();
    if (metadata.has(key))
      report('duplicate-key', `the metadata ${quoted(key)} stands twice; the first is used.`, keyOffset);
    else metadata.set(key, value);
  });
}
