/** Masks of a checkpoint's weights as a file: computed part by part and streamed, under the names and in the order of the weights. */
import {
  matchesGlob,
  matricesOf,
  readMatrix,
  StoredWeight,
  type Checkpoint,
  uncast,
  type WeightPair,
} from '../../checkpoint/index.ts';
import { rowStart } from '../../checkpoint/strided.ts';
import { whyNoSpectrum } from '../../checkpoint/whyNot.ts';
import type { WrittenTensor } from '../../formats/index.ts';
import { checkRank, defaultMaskRank } from '../../metrics/index.ts';
import { decodeCodes, isMatrixType } from '../../numbers/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../../linalg/backend.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import {
  GEO_RANK,
  MASK_KEY,
  type MaskEvent,
  type MaskRecipe,
  type MaskRequest,
  type MaskSkipped,
} from '../../protocol/mask.ts';
import { appendAll, elementCount, greatest, pushTo } from '../../protocol/lists.ts';
import { CHUNK_WEIGHTS, streamBytes } from '../change.ts';
import { filesOf } from '../checkpointCache.ts';
import { beyond, leadingBytes } from '../memoryCap.ts';
import { Estimate } from '../queue.ts';
import { refuseTensorFile, TensorFiles } from '../tensorFiles.ts';
import { Ahead, type Part } from './ahead.ts';
import { changedIn } from './changed.ts';
import { Packer } from './packer.ts';
import { maskOf } from './select.ts';

interface Item {
  row: TensorRow;
  count: number;
  /** in the order of their storage */
  parts: Part[];
}
interface Found {
  items: Item[];
  skipped: MaskSkipped[];
}

/** Of a matrix beside its triplets: codes, weights and reconstruction in float64, masks, and what selects from them. */
const BYTES_A_WEIGHT = 30;
/** Of a weight of a chunk, both sides in float64. */
const DECODED = 16;

/**
 * `pairs`: of base and tuned, for "changed". `backend`: finds leading triplets. What its budget has no room for is left out. Throws
 * bad-parameter (destination, a rank out of range), bad-file if there is nothing to write, beyond-memory if there is room for nothing,
 * read-failed, cancelled. `shardBytes`: for tests.
 */
export async function* writeMasks(
  base: Checkpoint,
  tuned: { checkpoint: Checkpoint; pairs: readonly WeightPair[] } | null,
  request: MaskRequest,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
  shardBytes?: number,
): AsyncGenerator<MaskEvent, void, undefined> {
  const { destination, packed, kind } = request;
  const sides = [base, ...(tuned ? [tuned.checkpoint] : [])];
  const reads = sides.flatMap((side) => filesOf(side.path, side));
  await refuseTensorFile(destination, reads);
  const found = tuned ? changedItems(base, tuned.pairs, request) : matrixItems(base, request, backend);
  const { items, skipped } = withinBudget(found, backend.budget);
  const leftOut = skipped.filter(({ beyond }) => beyond);
  const [first] = leftOut;
  if (items.length === 0 && first)
    throw new OffaxisError('beyond-memory', say`There is no room for any mask. ${first.name}: ${first.reason}.`);
  if (items.length === 0)
    throw new OffaxisError(
      'bad-file',
      say`${base.path} has no ${kind === 'changed' ? 'weights' : 'matrix inside its layers'} to make a mask of${request.tensors === null ? '' : ' under that pattern'}.`,
    );
  const sizeOf = (count: number): number => (packed ? Math.ceil(count / 8) : count);
  const entries = items.map(({ row, count }): WrittenTensor => {
    return { name: row.name, dtype: 'U8', shape: packed ? [sizeOf(count)] : row.shape, sizeBytes: sizeOf(count) };
  });
  const total = items.reduce((sum, { count }) => sum + count, 0);
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  yield { type: 'plan', tensors: items.length, weights: total, sizeBytes, skipped };
  const ahead = new Ahead(
    items.flatMap(({ parts }) => parts),
    backend.parallelism,
    signal,
    backend.budget,
  );
  const files = await TensorFiles.create(
    destination,
    entries,
    { [MASK_KEY]: JSON.stringify(recipeOf(request, items, leftOut)) },
    {
      ...{ reads, signal },
      ...(shardBytes === undefined ? {} : { shardBytes }),
    },
  );
  try {
    const estimate = new Estimate(total);
    let done = 0;
    for (const item of items) {
      const sink = new Sink(files, packed);
      const illDefined: string[] = [];
      for await (const one of masksInOrder(item, ahead)) {
        appendAll(illDefined, one.illDefined);
        await sink.add(one.mask);
      }
      await sink.end();
      yield { type: 'tensor', name: item.row.name, weights: item.count, ones: sink.ones, illDefined };
      estimate.add(item.count);
      yield { type: 'progress', done: (done += item.count), total, secondsLeft: estimate.secondsLeft() };
    }
    for (const side of sides) await side.verify();
    await files.commit();
    yield { type: 'written', files: files.files, sizeBytes: files.sizeBytes };
  } finally {
    await ahead.end();
    await files.discard();
  }
}

function recipeOf(
  { destination: _, ...request }: MaskRequest,
  items: readonly Item[],
  leftOut: readonly MaskSkipped[],
): MaskRecipe {
  const shapes = Object.fromEntries(items.map(({ row }) => [row.name, row.shape]));
  return {
    ...{ schema: 'offaxis.mask/1', ...request },
    ...(request.packed ? { shapes } : {}),
    ...(leftOut.length > 0 ? { leftOut: leftOut.map(({ name }) => name) } : {}),
  };
}

/** Without the tensors of which a part takes more than there is, which are named. */
function withinBudget({ items, skipped }: Found, budget = Infinity): Found {
  const bytesOf = ({ parts }: Item): number => {
    const bytes = parts.map((part) => part.bytes.here + part.bytes.thread);
    return greatest(bytes, 0);
  };
  const left = items.filter((item) => bytesOf(item) > budget);
  const beyondThat = left.map((item): MaskSkipped => {
    const reason = beyond('its mask takes', bytesOf(item), budget);
    return { name: item.row.name, reason, beyond: true };
  });
  return { items: items.filter((item) => bytesOf(item) <= budget), skipped: [...skipped, ...beyondThat] };
}

/** The matrices inside the layers, as spectra are computed of them. */
function matrixItems(base: Checkpoint, request: MaskRequest, backend: LinearAlgebraBackend): Found {
  const items: Item[] = [];
  const skipped: MaskSkipped[] = [];
  const { kind, alpha, rho, maskRank, tensors } = request;
  if (kind === 'changed')
    throw new OffaxisError('bad-parameter', say('The mask "changed" takes a tuned checkpoint too.'));
  for (const row of base.tensors.values()) {
    if (!row.spectral || (tensors !== null && !matchesGlob(tensors, row.name))) continue;
    if (row.offset === null) {
      skipped.push({ name: row.name, reason: 'it has no data that can be read' });
      continue;
    }
    const parts: Part[] = [];
    let why: string | null = null;
    for (const weight of matricesOf(base, row)) {
      why ??= weight.place.layer === null ? 'outside the layers' : whyNoSpectrum(weight, false);
      if (!(weight instanceof StoredWeight)) why ??= 'it is quantised: what is trained is not what is stored';
      else {
        const q = Math.min(weight.rows, weight.columns);
        const rank = maskRank ?? (kind === 'geo' ? Math.min(GEO_RANK, q) : defaultMaskRank(q));
        if (why === null) checkRank('mask rank', rank, weight.name, q);
        const compute: Part['compute'] = async (signal) =>
          maskOf(await finiteMatrix(weight, signal), { kind, alpha, rho, rank }, backend, signal);
        const thread = kind === 'low' ? 0 : leadingBytes(weight, rank, backend);
        const bytes = { here: BYTES_A_WEIGHT * weight.count, thread };
        parts.push({ name: weight.name, view: weight.view, count: weight.count, bytes, compute });
      }
    }
    if (why === null && parts.length) items.push({ row, count: elementCount(row.shape), parts: inOrder(parts) });
    else skipped.push({ name: row.name, reason: why ?? 'it holds no matrix' });
  }
  return { items, skipped };
}

/** Every pair of floating tensors, as the base has them. */
function changedItems(base: Checkpoint, pairs: readonly WeightPair[], { tensors }: MaskRequest): Found {
  const skipped: MaskSkipped[] = [];
  const byTensor = new Map<string, Part[]>();
  for (const pair of pairs) {
    const stored = uncast(pair.base);
    if (tensors !== null && !matchesGlob(tensors, stored.tensor)) continue;
    if (!(stored instanceof StoredWeight)) {
      skipped.push({ name: pair.name, reason: 'the base is quantised: what is trained is not what is stored' });
      continue;
    }
    const compute: Part['compute'] = async (signal) => ({ mask: await changedIn(pair, signal), illDefined: false });
    const here = 2 * pair.count + streamBytes(pair) + DECODED * Math.min(pair.count, CHUNK_WEIGHTS);
    const part = { name: pair.name, view: stored.view, count: pair.count, bytes: { here, thread: 0 }, compute };
    pushTo(byTensor, stored.tensor, part);
  }
  const items = [...base.tensors.values()].flatMap((row): Item[] => {
    const parts = byTensor.get(row.name);
    return parts ? [{ row, count: elementCount(row.shape), parts: inOrder(parts) }] : [];
  });
  return { items, skipped };
}

const inOrder = (parts: readonly Part[]): Part[] => parts.toSorted((a, b) => a.view.start - b.view.start);

async function finiteMatrix(weight: StoredWeight, signal: AbortSignal): Promise<Matrix> {
  const { rows, columns, type, name } = weight;
  if (!isMatrixType(type)) throw new OffaxisError('bug', `${name} has type ${type}, which is not decoded.`);
  const data = await readMatrix(weight, signal);
  if (decodeCodes(type, data).every((value) => Number.isFinite(value))) return { rows, columns, type, data };
  throw new OffaxisError(
    'bad-file',
    say`${name} holds NaN or infinities, so it has no largest weights. Leave it out with --tensors, or mend it: "offaxis check" says where.`,
  );
}

/** The bits of a tensor in the order of its storage: part by part if they follow each other, else put together first. */
async function* masksInOrder(
  { count, parts }: Item,
  ahead: Ahead,
): AsyncGenerator<{ mask: Uint8Array; illDefined: string[] }, void, undefined> {
  let end = 0;
  const follow = parts.every(({ view }) => {
    const { start, rows, columns, rowStride, columnStride, rowBlock } = view;
    const isRun = (columnStride === 1 || columns <= 1) && (rowStride === columns || rows <= 1) && !rowBlock;
    if (!isRun || start !== end) return false;
    end += rows * columns;
    return true;
  });
  const whole = follow && end === count ? null : new Uint8Array(count);
  const unclear: string[] = [];
  for (const part of parts) {
    const { name, view } = part;
    const { mask, illDefined } = await ahead.take(part);
    if (whole === null) yield { mask, illDefined: illDefined ? [name] : [] };
    else {
      if (illDefined) unclear.push(name);
      for (let i = 0; i < view.rows; i++) {
        const start = rowStart(view, i);
        for (let j = 0; j < view.columns; j++)
          whole[start + j * view.columnStride] = mask[i * view.columns + j] as number;
      }
    }
  }
  if (whole !== null) yield { mask: whole, illDefined: unclear };
}

/** Bits of one tensor on their way into the file. */
class Sink {
  ones = 0;
  private readonly packer: Packer | null;

  constructor(
    private readonly files: TensorFiles,
    packed: boolean,
  ) {
    this.packer = packed ? new Packer() : null;
  }

  async add(mask: Uint8Array): Promise<void> {
    let ones = 0;
    for (const bit of mask) ones += bit;
    this.ones += ones;
    await this.files.write(this.packer ? this.packer.add(mask) : mask);
  }
  async end(): Promise<void> {
    if (this.packer) await this.files.write(this.packer.end());
  }
}
