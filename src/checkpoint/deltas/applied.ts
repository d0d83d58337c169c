/** The checkpoint that deltas make of the one under them: its tensors, with other bytes where they change it. */
import type { TensorRow } from '../../protocol/engine.ts';
import { pushTo } from '../../protocol/lists.ts';
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { quoted } from '../../formats/index.ts';
import type { Checkpoint } from '../types.ts';
import { changeOf, type Change } from './change.ts';
import { hasherOf } from './checksum.ts';
import { hasZstd, inflate, needsZstd } from './inflate.ts';
import type { Delta, DeltaTensor } from './types.ts';

/** Changes that are kept; one tensor's may be more. */
const KEPT_BYTES = 256 * 1024 * 1024;
/** Bytes of the base that are hashed at a time. */
const PIECE = 4 * 1024 * 1024;
/** Tensors, the smallest of those that change, by which a base that is another one is told before anything else is read. */
const CHECKED_FIRST = 3;
/** Places have 32 bits. */
const MOST_BYTES = 2 ** 32;

export type DeltaCheckpoint = Checkpoint & { readonly delta: Delta };
export const isDelta = (checkpoint: Checkpoint): checkpoint is DeltaCheckpoint => checkpoint.delta !== undefined;

interface Part {
  of: DeltaCheckpoint;
  tensor: DeltaTensor;
}

/**
 * `chain`: in the order of their versions, the first made on `under`. Every tensor is held to the trainer's checksum when it is read the
 * first time, the smallest ones here. Throws bad-file if `under` is not what the first was made on, or a delta is damaged; bad-parameter
 * if this Node has no zstd; read-failed, cancelled.
 */
export async function applyDeltas(
  under: Checkpoint,
  chain: readonly DeltaCheckpoint[],
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const last = chain.at(-1);
  if (!last) throw new OffaxisError('bug', 'There are no deltas to apply.');
  if (!hasZstd()) throw needsZstd();
  if (under.adapter) throw notTheBase(under, chain, 'it is an adapter');
  const changed = new Map<string, Part[]>();
  for (const of of chain)
    for (const [name, tensor] of of.delta.tensors) {
      const row = under.tensors.get(name);
      if (!row) throw notTheBase(under, chain, `it holds no tensor ${quoted(name)}, which the delta changes`);
      if (tensor.sizeBytes !== null && tensor.sizeBytes !== row.sizeBytes)
        throw notTheBase(under, chain, `${quoted(name)} has ${row.sizeBytes} bytes in it, not ${tensor.sizeBytes}`);
      if (row.sizeBytes > MOST_BYTES)
        throw new OffaxisError(
          'bad-file',
          say`${quoted(name)} has more bytes than the 4 GiB that a delta's places reach.`,
        );
      pushTo(changed, name, { of, tensor });
    }
  const changes = new Changes(under, chain, changed);
  const rows = [...changed.keys()].flatMap((name) => under.tensors.get(name) ?? []);
  for (const row of rows.sort((a, b) => a.sizeBytes - b.sizeBytes).slice(0, CHECKED_FIRST)) {
    throwIfAborted(signal);
    await changes.of(row, signal);
  }
  const { path, folder, stamps } = last;
  const { shards, sizeBytes } = last.facts;
  // that these are changes, not weights, is not so any more
  const problems = last.problems.filter(({ code }) => code !== 'delta');
  return {
    ...under,
    ...{ path, folder, stamps },
    madeOf: [under, ...chain],
    facts: { ...under.facts, path, format: describe(last.delta), shards, sizeBytes, problems },
    problems,
    async read(row, offset, target, stop) {
      await under.read(row, offset, target, stop);
      if (!changed.has(row.name)) return;
      for (const change of await changes.of(row, stop)) change.applyTo(target, offset);
    },
    async verify() {
      for (const one of [under, ...chain]) await one.verify();
    },
    // they belong to those who opened them
    rest: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const describe = ({ writer, encoding }: Delta): string => `delta of ${writer} (${encoding}, zstd)`;

function notTheBase(under: Checkpoint, chain: readonly DeltaCheckpoint[], why: string): OffaxisError {
  const [first, last] = [chain[0], chain.at(-1)];
  const through = chain.length > 1 ? say` through the ${chain.length} deltas from ${first?.path ?? ''} on` : '';
  return new OffaxisError(
    'bad-file',
    say`${last?.path ?? ''} is a delta made on version ${first?.delta.baseVersion ?? ''}${through}, and ${under.path} is not that: ${why}. Name the checkpoint that training began from, or put the versions between beside the delta.`,
  );
}

/** What changes each tensor, read when it is asked for. */
class Changes {
  /** by tensor, the one used last at the end */
  private readonly held = new Map<string, { changes: Promise<Change[]>; bytes: number }>();
  private readonly checked = new Set<string>();

  constructor(
    private readonly under: Checkpoint,
    private readonly chain: readonly DeltaCheckpoint[],
    private readonly changed: ReadonlyMap<string, readonly Part[]>,
  ) {}

  async of(row: TensorRow, signal?: AbortSignal): Promise<readonly Change[]> {
    const { name } = row;
    const present = this.held.get(name);
    if (present) {
      this.held.delete(name);
      this.held.set(name, present);
      // whoever began it may have been cancelled
      const found = await present.changes.catch(() => null);
      if (found) return found;
      throwIfAborted(signal);
      if (this.held.get(name) === present) this.held.delete(name);
    }
    const entry = { changes: this.load(row, signal), bytes: 0 };
    this.held.set(name, entry);
    try {
      const found = await entry.changes;
      entry.bytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
      this.shrink(name);
      return found;
    } catch (error) {
      if (this.held.get(name) === entry) this.held.delete(name);
      throw error;
    }
  }

  private shrink(keep: string): void {
    let total = [...this.held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, { bytes }] of this.held) {
      if (total <= KEPT_BYTES) return;
      if (name === keep || bytes === 0) continue;
      this.held.delete(name);
      total -= bytes;
    }
  }

  private async load(row: TensorRow, signal?: AbortSignal): Promise<Change[]> {
    const { name, sizeBytes } = row;
    const changes: Change[] = [];
    for (const { of, tensor } of this.changed.get(name) ?? []) {
      const what = `${of.path}: what it holds of ${quoted(name)}`;
      const { payload } = tensor;
      const pieces = inflate((at, into) => of.read(payload, at, into, signal), payload.sizeBytes, what);
      changes.push(await changeOf(of.delta.encoding, pieces, sizeBytes, what));
    }
    if (!this.checked.has(name)) await this.check(row, changes, signal);
    this.checked.add(name);
    return changes;
  }

  private async check(row: TensorRow, changes: readonly Change[], signal?: AbortSignal): Promise<void> {
    const part = this.changed.get(row.name)?.at(-1);
    if (!part) return;
    const { algorithm, digest } = part.tensor.checksum;
    const hasher = await hasherOf(algorithm);
    for (let at = 0; at < row.sizeBytes; at += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, row.sizeBytes - at));
      await this.under.read(row, at, piece, signal);
      for (const change of changes) change.applyTo(piece, at);
      hasher.update(piece);
    }
    if (hasher.digest() !== digest)
      throw notTheBase(
        this.under,
        this.chain,
        `with it the bytes of ${quoted(row.name)} do not have the ${algorithm} checksum that the trainer wrote`,
      );
  }
}
