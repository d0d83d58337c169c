import { OffaxisError } from '../../protocol/errors.ts';
import { DeviceMemoryError } from './errors.ts';

/** Smallest class: WebGPU's largest required alignment of a binding. */
const SMALLEST_BYTES = 256;

/** The size a buffer of this many bytes gets: four classes an octave, so that buffers are used again and at most a fifth is wasted. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST_BYTES) return SMALLEST_BYTES;
  const step = Math.max(SMALLEST_BYTES, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

interface Waiting {
  bytes: number;
  grant: () => void;
}

/**
 * Buffers under one cap, used again by size class and usage. `reserve` admits whole pieces of work in turn, so that two of them
 * never wait for each other's buffers; `acquire` never waits. A buffer that comes out of the pool holds what was in it before.
 */
export class BufferPool {
  readonly #free = new Map<string, GPUBuffer[]>();
  readonly #used = new Set<GPUBuffer>();
  readonly #waiting: Waiting[] = [];
  #heldBytes = 0;
  #freeBytes = 0;
  #reservedBytes = 0;

  /** `make` creates a buffer and settles once the device has accepted or refused it. */
  constructor(
    readonly capBytes: number,
    readonly bufferLimit: number,
    private readonly make: (descriptor: GPUBufferDescriptor) => Promise<GPUBuffer>,
  ) {}

  /** Bytes of all buffers that exist, used or free. */
  get heldBytes(): number {
    return this.#heldBytes;
  }
  get usedBytes(): number {
    return this.#heldBytes - this.#freeBytes;
  }

  /** Throws DeviceMemoryError when the buffer is over the device's limit or does not fit under the cap beside those in use. */
  async acquire(label: string, bytes: number, usage: number): Promise<GPUBuffer> {
    const size = sizeClass(bytes);
    if (size > this.bufferLimit) throw new DeviceMemoryError(label, bytes, this.bufferLimit, 'one buffer may have');
    const key = `${size} ${usage}`;
    const again = this.#free.get(key)?.pop();
    if (again) {
      this.#freeBytes -= again.size;
      this.#used.add(again);
      return again;
    }
    this.#evict(size);
    if (this.#heldBytes + size > this.capBytes) {
      throw new DeviceMemoryError(label, this.usedBytes + size, this.capBytes, 'the cap is');
    }
    this.#heldBytes += size;
    try {
      const buffer = await this.make({ label, size, usage });
      this.#used.add(buffer);
      return buffer;
    } catch (error) {
      this.#heldBytes -= size;
      throw error;
    }
  }

  /** Takes a buffer back. Work that is already submitted may still use it: the queue runs in order. */
  release(buffer: GPUBuffer): void {
    if (!this.#used.delete(buffer)) return;
    const key = `${buffer.size} ${buffer.usage}`;
    const list = this.#free.get(key) ?? [];
    this.#free.set(key, list);
    list.push(buffer);
    this.#freeBytes += buffer.size;
  }

  /**
   * Waits until this many bytes are free of other reservations, first come, first served; gives the function that ends the
   * reservation. Throws DeviceMemoryError when it can never be, cancelled.
   */
  async reserve(what: string, bytes: number, signal?: AbortSignal): Promise<() => void> {
    if (bytes > this.capBytes) throw new DeviceMemoryError(what, bytes, this.capBytes, 'the cap is');
    await new Promise<void>((grant, refuse) => {
      const cancel = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        refuse(new OffaxisError('cancelled', 'Cancelled.'));
        this.#admit();
      };
      const waiting: Waiting = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', cancel);
          grant();
        },
      };
      this.#waiting.push(waiting);
      if (signal?.aborted) return cancel();
      signal?.addEventListener('abort', cancel);
      this.#admit();
    });
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#reservedBytes -= bytes;
      this.#admit();
    };
  }

  #admit(): void {
    for (
      let next = this.#waiting[0];
      next && this.#reservedBytes + next.bytes <= this.capBytes;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#reservedBytes += next.bytes;
      next.grant();
    }
  }

  /** Destroys free buffers until `bytes` more fit under the cap. */
  #evict(bytes: number): void {
    for (const list of this.#free.values()) {
      while (this.#heldBytes + bytes > this.capBytes) {
        const buffer = list.pop();
        if (!buffer) break;
        this.#heldBytes -= buffer.size;
        this.#freeBytes -= buffer.size;
        buffer.destroy();
      }
    }
  }

  dispose(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    for (const buffer of this.#used) buffer.destroy();
    this.#free.clear();
    this.#used.clear();
    this.#heldBytes = 0;
    this.#freeBytes = 0;
  }
}
