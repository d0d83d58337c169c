/** Safetensors files made for tests, correct or wrong in one chosen way. */
import type { ByteSource } from '../../../src/bytes/index.ts';

export interface Entry {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

/** Length, header text and data as they are given: nothing is checked. */
export function rawFile(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

/** A correct file, header padded with `padding` spaces (an odd number makes the data unaligned). */
export function safetensors(
  tensors: Record<string, Entry>,
  metadata?: Record<string, string>,
  padding = 0,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] };
    parts.push(data);
    end += data.length;
  }
  const data = new Uint8Array(end);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return rawFile(JSON.stringify(header) + ' '.repeat(padding), data);
}

export function f32(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
/** bf16 codes of the numbers 0, 1, 2 ...: distinct for as many as there are codes */
export function codes16(count: number, first = 0): Uint8Array {
  return new Uint8Array(Uint16Array.from({ length: count }, (_, i) => first + i).buffer);
}

/** A source over bytes, which counts what is read of it. */
export function memorySource(bytes: Uint8Array, sizeBytes = bytes.length): ByteSource & { bytesRead: number } {
  return {
    path: 'memory',
    sizeBytes,
    stamp: { sizeBytes: bytes.length, modifiedNs: 0n, inode: 1n, device: 1n },
    check: () => Promise.resolve(),
    bytesRead: 0,
    read(offset, target) {
      target.set(bytes.subarray(offset, offset + target.length));
      this.bytesRead += target.length;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
/** Makes bf16 tensors whose codes differ from tensor to tensor. */
export function bf16Maker(): (...shape: number[]) => Entry {
  let next = 1;
  return (...shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return { dtype: 'BF16', shape, data: codes16(count, (next += 977)) };
  };
}
