/**
 * NumPy's `.npz` (MLX writes them too): a ZIP archive with an `.npy` for each tensor, and `.npy` by itself (numpy/lib/format.py). Arrays
 * of objects are pickles and are not read; what is compressed is refused by name.
 */
import type { ByteSource } from '../../bytes/index.ts';
import { numberType, typeNames } from '../../numbers/index.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import type { Format, Header, HeaderEntry } from '../format.ts';
import { IMPOSTOR_BYTES, impostorOf } from '../impostors.ts';
import { ProblemList } from '../problems.ts';
import { readZip, ZipError } from '../zip.ts';
import { elementCount } from '../../protocol/lists.ts';

const RENEW = 'Download or copy the file again.';
const STORED = 'Write it with numpy.savez, which stores arrays as they are.';
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** magic, version, length of the header */
const PREFIX_BYTES = 12;
const MOST_HEADER_BYTES = 65536;
/** Arrays whose headers are read at once. */
const AT_ONCE = 16;

const TYPES: ReadonlyMap<string, string> = new Map(
  typeNames().flatMap((name) => {
    const npy = numberType(name)?.npy;
    return npy ? [[npy, name] as const] : [];
  }),
);

const isNpy = (head: Uint8Array): boolean => MAGIC.every((byte, at) => head[at] === byte);
const isZip = (head: Uint8Array): boolean => head[0] === 0x50 && head[1] === 0x4b;

export const numpy: Format = {
  title: 'NumPy',
  suffixes: ['.npz'],
  arrays: ['.npy'],
  stems: ['model', 'weights', 'adapters'],
  shared: false,
  leadingBytes: MAGIC.length,
  claims: isNpy,
  readHeader,
};

async function readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header> {
  const problems = new ProblemList(file);
  const header: Header = { entries: new Map(), metadata: new Map(), headerBytes: 0, problems: [] };
  const head = new Uint8Array(Math.min(source.sizeBytes, IMPOSTOR_BYTES));
  await source.read(0, head, signal);
  if (isNpy(head)) add(header, await arrayOf(source, 'array', 0, source.sizeBytes, signal), problems);
  else if (isZip(head)) await readArrays(header, source, problems, signal);
  else {
    const impostor = impostorOf(head, source.sizeBytes);
    if (impostor) problems.add('error', impostor.code, impostor.text, impostor.advice);
    else problems.add('error', 'not-numpy', 'it is no archive of NumPy arrays.', RENEW);
  }
  header.problems = problems.list();
  return header;
}

async function readArrays(
  header: Header,
  source: ByteSource,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const zip = await readZip(source, signal);
    const wanted = [...zip.entries.values()].filter(({ name }) => name.endsWith('.npy'));
    const found = new Array<Found>(wanted.length);
    let next = 0;
    const reader = async (): Promise<void> => {
      for (let i = next++; i < wanted.length; i = next++) {
        throwIfAborted(signal);
        const entry = wanted[i] as (typeof wanted)[number];
        const name = entry.name.slice(0, -'.npy'.length);
        try {
          found[i] = await arrayOf(source, name, await zip.dataOffset(entry, signal), entry.size, signal);
        } catch (error) {
          if (!(error instanceof ZipError)) throw error;
          found[i] = {
            name,
            dtype: '?',
            shape: [],
            reason: error.message,
            advice: error.code === 'zip-damaged' ? RENEW : STORED,
          };
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, reader));
    for (const one of found) add(header, one, problems);
    if (wanted.length === 0)
      problems.add('error', 'no-tensors', 'it holds no .npy arrays.', 'Choose the file with the weights.');
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    problems.add('error', error.code, `${error.message}.`, RENEW, { byteOffset: error.byte });
  }
}

type Found = HeaderEntry | { name: string; dtype: string; shape: number[]; reason: string; advice: string };

function add(header: Header, found: Found, problems: ProblemList): void {
  if ('reason' in found) {
    const { name, dtype, shape, reason, advice } = found;
    problems.add('error', 'tensor-not-read', `${reason}.`, advice, { tensor: name });
    header.entries.set(name, { name, dtype, shape, sizeBytes: 0, offset: null });
  } else header.entries.set(found.name, found);
}

/** The array whose `.npy` lies at `at`. Throws read-failed and cancelled. */
async function arrayOf(
  source: ByteSource,
  name: string,
  at: number,
  bytes: number,
  signal?: AbortSignal,
): Promise<Found> {
  const broken = (reason: string, advice = RENEW): Found => ({ name, dtype: '?', shape: [], reason, advice });
  if (bytes < PREFIX_BYTES) return broken('its array is shorter than the header of one');
  const prefix = new Uint8Array(PREFIX_BYTES);
  await source.read(at, prefix, signal);
  if (!isNpy(prefix)) return broken('it does not begin as an .npy does');
  const view = new DataView(prefix.buffer);
  const isOld = prefix[6] === 1;
  const length = isOld ? view.getUint16(8, true) : view.getUint32(8, true);
  const from = isOld ? 10 : 12;
  if (length > MOST_HEADER_BYTES || from + length > bytes) return broken('its header is longer than it may be');
  const text = new Uint8Array(length);
  await source.read(at + from, text, signal);
  return described(name, new TextDecoder('latin1').decode(text), at + from + length, bytes - from - length, broken);
}

const DESCR = /'descr':\s*'([^']{1,16})'/;
const ORDER = /'fortran_order':\s*(True|False)/;
const SHAPE = /'shape':\s*\(([\d,\s]{0,200})\)/;

function described(
  name: string,
  text: string,
  offset: number,
  bytes: number,
  broken: (reason: string, advice?: string) => Found,
): Found {
  const [descr, order, sides] = [DESCR, ORDER, SHAPE].map((pattern) => pattern.exec(text)?.[1]);
  if (descr === undefined || order === undefined || sides === undefined)
    return broken('its type or shape is not one of plain numbers', 'Convert it to an array of numbers.');
  if (/O/.test(descr))
    return broken(
      'it is an array of Python objects, which are pickles and not read',
      'Save its weights as arrays of numbers.',
    );
  const dtype = TYPES.get(descr) ?? TYPES.get(descr.replace(/^[|=]/, '<'));
  if (dtype === undefined)
    return broken(
      `its type ${descr.replace(/[^\w<>|=]/g, '?')} is not read (big-endian, or not a number)`,
      'Convert it to a little-endian type.',
    );
  const shape = sides
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number);
  const count = elementCount(shape);
  const width = (numberType(dtype)?.bits ?? 8) / 8;
  if (!Number.isSafeInteger(count * width) || count * width > bytes)
    return broken(`its shape [${shape.join(', ')}] needs more bytes than the ${bytes} that it has`);
  const entry: HeaderEntry = { name, dtype, shape, sizeBytes: count * width, offset };
  if (order === 'False' || shape.length < 2 || count === 0) return entry;
  // Column by column, as Fortran has them.
  const strides: number[] = [];
  for (const side of shape)
    strides.push(strides.length === 0 ? 1 : (strides.at(-1) as number) * (shape[strides.length - 1] ?? side));
  return { ...entry, layout: { shape, boxes: [{ offset, shape, at: shape.map(() => 0), strides }] } };
}
