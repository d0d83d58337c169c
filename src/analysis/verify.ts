/** Are two checkpoints the same weights? Tensor by tensor, after names and layouts are made to agree; two chunks in memory. */
import {
  pairCheckpoints,
  readChunks,
  StoredWeight,
  storedTensor,
  type Checkpoint,
  type Pairing,
  type RowSource,
  uncast,
  type Weight,
} from '../checkpoint/index.ts';
import { componentsOf, numbersOf, numberType, undecodable } from '../numbers/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { LeftOut, VerifiedTensor, VerifyEvent, VerifyRequest } from '../protocol/verify.ts';
import { Differences } from './differences.ts';
import { Estimate, Pace } from './queue.ts';

/** Weights a chunk: 1 Mi, 16 MiB of numbers for both sides where bits differ. */
const CHUNK_WEIGHTS = 1024 * 1024;

type Tolerance = Pick<VerifyRequest, 'relative' | 'absolute'>;

/** Throws bad-file if one side is an adapter and the other is not, and read-failed, cancelled. */
export async function* verifyCheckpoints(
  a: Checkpoint,
  b: Checkpoint,
  tolerance: Tolerance,
  signal: AbortSignal,
): AsyncGenerator<VerifyEvent, void, undefined> {
  const [adapter, weights] = isAdapter(a) ? [a, b] : [b, a];
  if (isAdapter(adapter) && !isAdapter(weights))
    throw new OffaxisError(
      'bad-file',
      say`${adapter.path} is an adapter and ${weights.path} is not: they hold different things. Merge the adapter, or name another adapter.`,
    );
  const pairing = pairCheckpoints(a, b, { includeEmbeddings: true, tensors: null });
  const { items, leftOut } = workOf(a, b, pairing);
  for (const { message } of pairing.notes) yield { type: 'note', message };
  for (const value of leftOut) yield { type: 'left-out', value };
  const total = items.reduce((sum, item) => sum + item.bytes, 0);
  const estimate = new Estimate(total);
  const pace = new Pace();
  let done = 0;
  for (const [i, item] of items.entries()) {
    const [left, right] = item.sides();
    yield { type: 'tensor', value: await verified(left, right, tolerance, signal) };
    done += item.bytes;
    estimate.add(item.bytes);
    if (pace.due(i === items.length - 1, left.count))
      yield { type: 'progress', done, total, secondsLeft: estimate.secondsLeft() };
  }
  await a.verify();
  await b.verify();
}

const isAdapter = ({ adapter }: Checkpoint): boolean => adapter !== null && !adapter.facts.unmerged;

interface Item {
  bytes: number;
  sides(): [Weight, Weight];
}

/** What can be compared: the pairs, and whatever else has one name, one type and one shape on both sides. */
function workOf(
  a: Checkpoint,
  b: Checkpoint,
  { pairs, skipped, notes }: Pairing,
): { items: Item[]; leftOut: LeftOut[] } {
  const items: Item[] = [];
  const [inA, inB] = [new Set<string>(), new Set<string>()];
  for (const pair of pairs) {
    const { base, tuned } = pair;
    for (const { name } of base.entries) inA.add(name);
    for (const { name } of tuned.entries) inB.add(name);
    items.push({ bytes: base.storedBytes + tuned.storedBytes, sides: () => [uncast(pair.base), uncast(pair.tuned)] });
  }
  const leftOut: LeftOut[] = [];
  if (notes.some(({ code }) => code === 'pairing-vocabulary'))
    leftOut.push({ name: 'tables of tokens', reason: 'one side has more tokens than the other', counts: true });
  const reasons = new Map(skipped.map((one) => [one.name, one]));
  for (const row of a.tensors.values()) {
    if (inA.has(row.name)) continue;
    const skip = reasons.get(row.name);
    reasons.delete(row.name);
    const name = skip?.tuned ?? row.name;
    const other = inB.has(name) ? undefined : b.tensors.get(name);
    if (other) inB.add(name);
    const reason = other ? whyNotRaw(row, other) : 'only in A';
    const unread = other !== undefined && reason !== null && (isUnread(row) || isUnread(other));
    if (other && reason === null)
      items.push({ bytes: 2 * row.sizeBytes, sides: () => [storedTensor(a, row), storedTensor(b, other)] });
    else
      leftOut.push({
        ...{ name: row.name, reason: (unread && skip ? inSides(skip.reason) : reason) ?? '' },
        counts: row.role !== 'bookkeeping' || other !== undefined,
        ...(unread ? { unread } : {}),
      });
  }
  for (const row of b.tensors.values())
    if (!inB.has(row.name)) {
      reasons.delete(row.name);
      leftOut.push({ name: row.name, reason: 'only in B', counts: row.role !== 'bookkeeping' });
    }
  // What is left are parts of tensors that were compared in their other parts.
  for (const [name, { reason }] of reasons)
    if (!a.tensors.has(name) && !b.tensors.has(name)) leftOut.push({ name, reason: inSides(reason), counts: true });
  return { items, leftOut };
}

/** Pairing calls the sides base and tuned. */
const inSides = (reason: string): string => reason.replace(/\(base\)$/u, '(A)').replace(/\(tuned\)$/u, '(B)');

/** Its values are not known: they may be the other's or not. */
const isUnread = ({ offset, quantised }: TensorRow): boolean => offset === null || (quantised?.reason ?? null) !== null;

/** Why two tensors that are not weights, or not ones that can be read, are not compared code by code. */
function whyNotRaw(a: TensorRow, b: TensorRow): string | null {
  if (a.offset === null || b.offset === null) return `has no data that can be read in ${a.offset === null ? 'A' : 'B'}`;
  if (a.dtype !== b.dtype) return `has type ${a.dtype} in A and ${b.dtype} in B`;
  if (a.shape.join() !== b.shape.join())
    return `has shape [${a.shape.join(', ')}] in A and [${b.shape.join(', ')}] in B`;
  return null;
}

async function verified(a: Weight, b: Weight, tolerance: Tolerance, signal: AbortSignal): Promise<VerifiedTensor> {
  const found = new Differences(tolerance, a.shape);
  const hasCodes = a instanceof StoredWeight && b instanceof StoredWeight && a.dtype === b.dtype;
  if (hasCodes && !isWhole(a.dtype)) await compareBytes(a, b, found, signal);
  else await compareChunks(...(hasCodes ? ([a.codes, b.codes] as const) : ([a, b] as const)), hasCodes, found, signal);
  const { name, shape } = a;
  return {
    name,
    ...(b.name === name ? {} : { other: b.name }),
    shape,
    dtype: { a: a.dtype, b: b.dtype },
    ...found.result(hasCodes),
  };
}

/** Types of whole bytes that have a decoder. */
const isWhole = (dtype: string): boolean => undecodable(dtype) === null && (numberType(dtype)?.bits ?? 0) % 8 === 0;

async function compareChunks(
  a: RowSource,
  b: RowSource,
  sameCodes: boolean,
  found: Differences,
  signal: AbortSignal,
): Promise<void> {
  const read = { weights: CHUNK_WEIGHTS, signal };
  const others = readChunks(b, read)[Symbol.asyncIterator]();
  for await (const { first, data } of readChunks(a, read)) {
    const other = await others.next();
    if (other.done) throw new OffaxisError('bug', `${a.name}: one side has more chunks than the other.`);
    const isSame = a.type === b.type && Buffer.compare(data, other.value.data) === 0;
    if (isSame) continue;
    if (sameCodes) found.codesDiffer();
    if (is64(a.type) && is64(b.type))
      found.addIntegers(first, integers(a.type, data), integers(b.type, other.value.data));
    else found.add(first, numbers(a.type, data), numbers(b.type, other.value.data), componentsOf(a.type));
  }
}

function numbers(type: string, data: Uint8Array): Float64Array | Float32Array {
  return numbersOf(type, data, (data.length * 8) / (numberType(type)?.bits ?? 8));
}

/** Integers that a float64 does not hold. */
const is64 = (type: string): boolean => numberType(type)?.kind === 'integer' && numberType(type)?.bits === 64;
function integers(type: string, data: Uint8Array): BigInt64Array | BigUint64Array {
  const { buffer } = data.slice();
  return type === 'U64' ? new BigUint64Array(buffer) : new BigInt64Array(buffer);
}

/** Several numbers a byte, or a type that nothing is known of: equal bytes, or not. */
async function compareBytes(a: Weight, b: Weight, found: Differences, signal: AbortSignal): Promise<void> {
  const [left, right] = [a.stored?.entry, b.stored?.entry];
  if (!left || !right) throw new OffaxisError('bug', `${a.name} is not one run of bytes.`);
  const buffers = [0, 1].map(() => new Uint8Array(Math.min(CHUNK_WEIGHTS, left.sizeBytes)));
  for (let at = 0; at < left.sizeBytes; at += CHUNK_WEIGHTS) {
    const [one, other] = buffers.map((buffer) => buffer.subarray(0, Math.min(CHUNK_WEIGHTS, left.sizeBytes - at)));
    if (!one || !other) continue;
    await Promise.all([left.read(at, one, signal), right.read(at, other, signal)]);
    if (Buffer.compare(one, other) === 0) continue;
    found.codesDiffer();
    found.opaque();
  }
}
