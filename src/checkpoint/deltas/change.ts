/** The change of one tensor's bytes, in memory: as places and values, or whole if that is smaller. */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { Encoding } from './types.ts';

export interface Change {
  /** of memory */
  readonly bytes: number;
  /** Changes those of `target` that lie at `offset` and after it in the tensor. */
  applyTo(target: Uint8Array, offset: number): void;
}

/** A place has four bytes and its value one. */
const BYTES_EACH = 5;

/** From the decompressed pieces; `size`: of the tensor. Throws bad-file if they do not fit it: `what` names them. */
export async function changeOf(
  encoding: Encoding,
  pieces: AsyncIterable<Uint8Array>,
  size: number,
  what: string,
): Promise<Change> {
  return encoding === 'xor' ? xorChange(pieces, size, what) : overwriteChange(pieces, size, what);
}

function misfit(what: string, how: string): OffaxisError {
  return new OffaxisError(
    'bad-file',
    say`${what} does not fit the tensor of the base: ${how}. Name the base that it was made on, or publish it again.`,
  );
}

async function xorChange(pieces: AsyncIterable<Uint8Array>, size: number, what: string): Promise<Change> {
  const places = new Growing(Uint32Array);
  const values = new Growing(Uint8Array);
  let whole: Uint8Array | null = null;
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length > size) throw misfit(what, `it is of more than ${size} bytes`);
    if (whole) whole.set(piece, at);
    else
      for (let i = 0; i < piece.length; i++) {
        const value = piece[i] as number;
        if (value === 0) continue;
        places.push(at + i);
        values.push(value);
      }
    at += piece.length;
    if (whole || places.length * BYTES_EACH <= size) continue;
    whole = new Uint8Array(size);
    new Places(places.taken(), values.taken(), true).applyTo(whole, 0);
  }
  if (at !== size) throw misfit(what, `it is of ${at} bytes, not ${size}`);
  return whole ? new Whole(whole) : new Places(places.taken(), values.taken(), true);
}

async function overwriteChange(pieces: AsyncIterable<Uint8Array>, size: number, what: string): Promise<Change> {
  const all = new Growing(Uint8Array);
  const most = 4 + BYTES_EACH * size;
  for await (const piece of pieces) {
    if (all.length + piece.length > most) throw misfit(what, `it changes more bytes than ${size}`);
    all.append(piece);
  }
  const bytes = all.taken();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length < 4 ? NaN : view.getUint32(0, true);
  if (bytes.length !== 4 + BYTES_EACH * count) throw misfit(what, 'its places and values are not of one number');
  // A view: little-endian as the file, like every machine that Node runs on here; `bytes` begins its buffer, so it is aligned.
  const places = new Uint32Array(bytes.buffer, bytes.byteOffset + 4, count);
  for (let i = 0, last = -1; i < count; i++) {
    const place = places[i] as number;
    if (place >= size || place <= last) throw misfit(what, `byte ${place} is out of order, or outside of its ${size}`);
    last = place;
  }
  return new Places(places, bytes.subarray(4 + 4 * count), false);
}

class Places implements Change {
  constructor(
    /** ascending */
    private readonly places: Uint32Array,
    private readonly values: Uint8Array,
    private readonly isXor: boolean,
  ) {}

  get bytes(): number {
    return this.places.byteLength + this.values.byteLength;
  }

  applyTo(target: Uint8Array, offset: number): void {
    const { places, values, isXor } = this;
    const end = offset + target.length;
    for (let i = this.firstFrom(offset); i < places.length; i++) {
      const place = places[i] as number;
      if (place >= end) return;
      const value = values[i] as number;
      target[place - offset] = isXor ? (target[place - offset] as number) ^ value : value;
    }
  }

  private firstFrom(offset: number): number {
    let [low, high] = [0, this.places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.places[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class Whole implements Change {
  constructor(private readonly values: Uint8Array) {}

  get bytes(): number {
    return this.values.byteLength;
  }
  applyTo(target: Uint8Array, offset: number): void {
    for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) ^ (this.values[offset + i] as number);
  }
}

/** Numbers whose count is not known before. */
class Growing<T extends Uint8Array | Uint32Array> {
  private held: T;
  length = 0;

  constructor(private readonly make: new (length: number) => T) {
    this.held = new make(1024);
  }
  push(value: number): void {
    this.reserve(1);
    this.held[this.length++] = value;
  }
  append(values: ArrayLike<number>): void {
    this.reserve(values.length);
    this.held.set(values, this.length);
    this.length += values.length;
  }
  /** A copy of no more than there is. */
  taken(): T {
    return this.held.slice(0, this.length) as T;
  }
  private reserve(more: number): void {
    if (this.length + more <= this.held.length) return;
    const larger = new this.make(Math.max(2 * this.held.length, this.length + more));
    larger.set(this.held);
    this.held = larger;
  }
}
