/**
 * What an initialisation took out of the base before training: PEFT saves the trained factors, so that D = s B A - s B0 A0 over the
 * original base (METRICS F). B0 and A0 are worked out from the base itself.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { Weight } from '../weight.ts';
import { productRow, transposed, type Factor, type RowUpdate } from './factors.ts';
import { leadingPart, type LeadingPart } from './leadingSvd.ts';
import { rowsOf } from './rowsOf.ts';

export type Initialisation = 'pissa' | 'olora';

/** What the config's word names; null if its factors can't be worked out from the base, or nothing was taken out of it. */
export function initialisationOf(word: string): Initialisation | null {
  return word === 'pissa' || /^pissa_niter_\d+$/.test(word) ? 'pissa' : word === 'olora' ? 'olora' : null;
}

/** Of all modules together: each takes seconds to minutes to work out, and several passes over a comparison ask for it. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The parts that were taken out, those asked for last. */
export class InitialFactors {
  private readonly kept = new Map<object, Promise<LeadingPart>>();
  private readonly bytes = new Map<object, number>();

  /** `key`: of the module. Its share is s B0 A0 whatever s is. Throws bad-file, read-failed, cancelled. */
  async of(
    key: object,
    kind: Initialisation,
    base: Weight,
    rank: number,
    scale: number,
    signal?: AbortSignal,
  ): Promise<LeadingPart> {
    const found = this.kept.get(key);
    const part = found ?? (kind === 'pissa' ? pissa(base, rank, signal) : olora(base, rank, scale, signal));
    this.kept.delete(key);
    this.kept.set(key, part);
    this.bytes.set(key, 8 * rank * (base.rows + base.columns));
    let total = 0;
    for (const one of [...this.kept.keys()].reverse()) {
      total += this.bytes.get(one) ?? 0;
      if (total > MOST_BYTES && one !== key) this.kept.delete(one);
    }
    try {
      return await part;
    } catch (error) {
      // Cancelled for one who asked is not cancelled for the next.
      this.kept.delete(key);
      throw error;
    }
  }
}

/** The update without what was taken out of the base for it. */
export function without({ left, right }: LeadingPart, update: RowUpdate): RowUpdate {
  const taken = new Float64Array(right.columns);
  return (row, values) => {
    productRow(left, right, row, taken);
    update(row, values);
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) - (taken[j] as number);
  };
}

/** PiSSA (arXiv 2404.02948): s B0 A0 is the rank-r part of W0, whatever s. */
async function pissa(base: Weight, rank: number, signal?: AbortSignal): Promise<LeadingPart> {
  const { rows, columns } = base;
  // What is stored in 32 bits or less is exact in as many.
  const values = base.type === 'F64' ? new Float64Array(rows * columns) : new Float32Array(rows * columns);
  for await (const block of rowsOf(base, signal)) values.set(block.values, block.first * columns);
  return leadingPart({ rows, columns, values }, rank, signal);
}

/**
 * OLoRA (arXiv 2406.01775): B0 and A0 are the first r columns of Q and rows of R of W0 = Q R, so s B0 A0 is s times what the first r
 * columns of W0 span of it: Q_r Q_r' W0. Gram-Schmidt, twice.
 */
async function olora(base: Weight, rank: number, scale: number, signal?: AbortSignal): Promise<LeadingPart> {
  if (base.order === 'columns')
    throw new OffaxisError(
      'bad-file',
      say`${base.name} is stored [in, out], and PEFT's OLoRA takes the QR of that. Merge the adapter (PEFT: merge_and_unload) and compare the result.`,
    );
  const { rows, columns } = base;
  const r = Math.min(rank, rows, columns);
  const head: Factor = { rows, columns: r, values: new Float64Array(rows * r) };
  for await (const { first, values } of rowsOf(base, signal, [0, r])) head.values.set(values, first * r);
  const q = transposed(head);
  for (let i = 0; i < r; i++) {
    const own = q.values.subarray(i * rows, (i + 1) * rows);
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const other = q.values.subarray(j * rows, (j + 1) * rows);
        const share = dot(own, other);
        for (let x = 0; x < rows; x++) own[x] = (own[x] as number) - share * (other[x] as number);
      }
    const norm = Math.sqrt(dot(own, own));
    if (norm <= 1e-6 * before || norm === 0)
      throw new OffaxisError(
        'bad-file',
        say`The first ${r} columns of ${base.name} depend on each other: what OLoRA took out of it is not told by them.`,
      );
    for (let x = 0; x < rows; x++) own[x] = (own[x] as number) / norm;
  }
  const right: Factor = { rows: r, columns, values: new Float64Array(r * columns) };
  for await (const { first, values } of rowsOf(base, signal))
    for (let at = 0; at * columns < values.length; at++)
      for (let i = 0; i < r; i++) {
        const factor = scale * (q.values[i * rows + first + at] as number);
        for (let j = 0; j < columns; j++)
          right.values[i * columns + j] =
            (right.values[i * columns + j] as number) + factor * (values[at * columns + j] as number);
      }
  return { left: transposed(q), right };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
