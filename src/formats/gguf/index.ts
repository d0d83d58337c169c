/**
 * GGUF, llama.cpp's format (ggml/docs/gguf.md): magic, version, counts, metadata, a line for each tensor, data. Read in order and in
 * pieces: vocabularies of megabytes are gone past and not kept.
 */
import type { ByteSource } from '../../bytes/index.ts';
import { GGML_TYPES } from '../../numbers/index.ts';
import type { Format, Header, HeaderEntry } from '../format.ts';
import { IMPOSTOR_BYTES, impostorOf } from '../impostors.ts';
import { ProblemList, quoted } from '../problems.ts';
import { Cursor, GgufError } from './cursor.ts';
import { elementCount } from '../../protocol/lists.ts';

const MAGIC = 0x46554747;
const RENEW = 'Download or copy the file again.';
const DEFAULT_ALIGNMENT = 32;
const MOST_DIMENSIONS = 8;
/** name of one byte, dimensions, type and place */
const LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8;
/** Longer texts (chat templates, licences) are gone past. */
const MOST_VALUE_BYTES = 4096;
const MOST_NAME_BYTES = 65535;
const MOST_ENTRIES = 1024;

export const gguf: Format = {
  title: 'GGUF',
  suffixes: ['.gguf'],
  stems: ['model'],
  shared: false,
  leadingBytes: 4,
  claims: (head) => head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0, true) === MAGIC,
  readHeader,
};

async function readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header> {
  const problems = new ProblemList(file);
  const header: Header = { entries: new Map(), metadata: new Map(), headerBytes: 0, problems: [] };
  const cursor = new Cursor(source, signal);
  try {
    await readInto(header, cursor, source, problems);
  } catch (error) {
    if (!(error instanceof GgufError)) throw error;
    problems.add('error', error.code, `${error.message}.`, RENEW, { byteOffset: cursor.position });
  }
  header.headerBytes = cursor.position;
  header.problems = problems.list();
  return header;
}

async function readInto(header: Header, cursor: Cursor, source: ByteSource, problems: ProblemList): Promise<void> {
  const head = new Uint8Array(Math.min(source.sizeBytes, IMPOSTOR_BYTES));
  await source.read(0, head, cursor.signal);
  if (head.length < 4 || new DataView(head.buffer).getUint32(0, true) !== MAGIC) {
    const impostor = impostorOf(head, source.sizeBytes);
    if (impostor) return problems.add('error', impostor.code, impostor.text, impostor.advice);
    throw new GgufError(
      'not-gguf',
      source.sizeBytes === 0 ? 'the file is empty' : 'it does not begin as a GGUF file does',
    );
  }
  await cursor.u32();
  const version = await cursor.u32();
  if (version === 0x02000000 || version === 0x03000000)
    throw new GgufError('big-endian', 'its numbers are big-endian, which is not read');
  if (version !== 2 && version !== 3)
    throw new GgufError('gguf-version', `it is of version ${version}; 2 and 3 are read`);
  const tensors = await cursor.u64();
  const values = await cursor.u64();
  if (tensors * LEAST_TENSOR_BYTES > source.sizeBytes || values > source.sizeBytes)
    throw new GgufError('gguf-damaged', `it claims ${tensors} tensors and ${values} values, more than fit into it`);
  for (let i = 0; i < values; i++) {
    const key = await cursor.text(MOST_NAME_BYTES);
    const value = await readValue(cursor, await cursor.u32());
    if (key !== null && value !== null && header.metadata.size < MOST_ENTRIES) header.metadata.set(key, value);
  }
  const infos: Info[] = [];
  for (let i = 0; i < tensors; i++) infos.push(await readInfo(cursor));
  const stated = Number(header.metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT);
  const alignment = Number.isInteger(stated) && stated > 0 ? stated : DEFAULT_ALIGNMENT;
  const dataAt = Math.ceil(cursor.position / alignment) * alignment;
  infos.sort((a, b) => a.offset - b.offset);
  for (const info of infos) {
    if (header.entries.has(info.name)) {
      problems.add('error', 'duplicate-key', 'two tensors have this name; the first is used.', RENEW, {
        tensor: info.name,
      });
      continue;
    }
    header.entries.set(info.name, entryOf(info, dataAt, source.sizeBytes, problems));
  }
}

interface Info {
  name: string;
  /** as people write it, the innermost axis last: the file has it first */
  shape: number[];
  type: number;
  /** from the beginning of the data */
  offset: number;
}

async function readInfo(cursor: Cursor): Promise<Info> {
  const name = await cursor.text(MOST_NAME_BYTES);
  if (name === null) throw new GgufError('gguf-damaged', 'the name of a tensor is too long');
  const axes = await cursor.u32();
  if (axes > MOST_DIMENSIONS) throw new GgufError('gguf-damaged', `tensor ${quoted(name)} has ${axes} axes`);
  const shape: number[] = [];
  for (let axis = 0; axis < axes; axis++) shape.unshift(await cursor.u64());
  return { name, shape, type: await cursor.u32(), offset: await cursor.u64() };
}

function entryOf(
  { name, shape, type, offset }: Info,
  dataAt: number,
  fileBytes: number,
  problems: ProblemList,
): HeaderEntry {
  const unread = (dtype: string, severity: 'error' | 'warning', reason: string): HeaderEntry => {
    problems.add(severity, 'tensor-not-read', `${reason}.`, severity === 'error' ? RENEW : '', { tensor: name });
    return { name, dtype, shape, sizeBytes: 0, offset: null };
  };
  const known = GGML_TYPES.get(type);
  if (!known) return unread(`type ${type}`, 'warning', `its type, number ${type} of ggml, is not known`);
  const count = elementCount(shape);
  const sizeBytes = (count / known.weights) * known.bytes;
  if (!Number.isSafeInteger(count))
    return unread(known.name, 'error', `its shape [${shape.join(', ')}] is larger than any file`);
  if ((shape.at(-1) ?? 1) % known.weights !== 0)
    return unread(known.name, 'error', `its rows of ${shape.at(-1)} do not divide into blocks of ${known.weights}`);
  if (!(dataAt + offset + sizeBytes <= fileBytes))
    return unread(known.name, 'error', `it ends at byte ${dataAt + offset + sizeBytes}, past the end of the file`);
  return { name, dtype: known.name, shape, sizeBytes, offset: dataAt + offset };
}

const SCALARS: readonly (((cursor: Cursor) => Promise<string>) | undefined)[] = [
  async (cursor) => String(await cursor.number(1, (view) => view.getUint8(0))),
  async (cursor) => String(await cursor.number(1, (view) => view.getInt8(0))),
  async (cursor) => String(await cursor.number(2, (view) => view.getUint16(0, true))),
  async (cursor) => String(await cursor.number(2, (view) => view.getInt16(0, true))),
  async (cursor) => String(await cursor.u32()),
  async (cursor) => String(await cursor.number(4, (view) => view.getInt32(0, true))),
  async (cursor) => String(await cursor.number(4, (view) => view.getFloat32(0, true))),
  async (cursor) => String((await cursor.number(1, (view) => view.getUint8(0))) !== 0),
  undefined,
  undefined,
  async (cursor) => String(await cursor.number(8, (view) => view.getBigUint64(0, true))),
  async (cursor) => String(await cursor.number(8, (view) => view.getBigInt64(0, true))),
  async (cursor) => String(await cursor.number(8, (view) => view.getFloat64(0, true))),
];
const SCALAR_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const [TEXT, ARRAY] = [8, 9];
/** Of numbers: one a layer fits; longer ones (vocabularies' scores) are gone past. */
const MOST_ITEMS = 512;

/** null for what is gone past. */
async function readValue(cursor: Cursor, type: number, depth = 0): Promise<string | null> {
  if (type === TEXT) return cursor.text(MOST_VALUE_BYTES);
  const scalar = SCALARS[type];
  if (scalar) return scalar(cursor);
  if (type !== ARRAY || depth > 4)
    throw new GgufError('gguf-damaged', `a value has the type ${type}, which there is not`);
  const of = await cursor.u32();
  const count = await cursor.u64();
  const width = SCALAR_BYTES[of] ?? 0;
  if (width > 0 && count > MOST_ITEMS) {
    cursor.skip(count * width);
    return null;
  }
  const items: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    const item = await readValue(cursor, of, depth + 1);
    if (items.length < MOST_ITEMS) items.push(item);
  }
  return width > 0 ? items.join(', ') : null;
}
