/** GGUF files made for tests, of plain numbers. */
import { GGML_TYPES } from '../../../src/numbers/index.ts';
import type { Entry } from './build.ts';

/** Numbers become u32, and arrays of them arrays of that; booleans likewise. */
export function gguf(
  metadata: Record<string, string | number | number[] | boolean | boolean[]>,
  tensors: Record<string, Entry>,
): Uint8Array {
  const chunks: Uint8Array[] = [];
  const u32 = (value: number): void => void chunks.push(new Uint8Array(Uint32Array.of(value).buffer));
  const u64 = (value: number): void => void chunks.push(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  const text = (value: string): void => {
    const bytes = new TextEncoder().encode(value);
    u64(bytes.length);
    chunks.push(bytes);
  };
  const length = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const pad = (): void => void chunks.push(new Uint8Array((32 - (length() % 32)) % 32));
  text('');
  chunks.splice(0, 2, new TextEncoder().encode('GGUF'));
  u32(3);
  u64(Object.keys(tensors).length);
  u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    text(key);
    if (typeof value === 'string') {
      u32(8);
      text(value);
      continue;
    }
    const items = [value].flat();
    const type = typeof items[0] === 'boolean' ? 7 : 4;
    if (Array.isArray(value)) {
      u32(9);
      u32(type);
      u64(items.length);
    } else u32(type);
    for (const item of items) {
      if (typeof item === 'boolean') chunks.push(Uint8Array.of(item ? 1 : 0));
      else u32(item);
    }
  }
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    text(name);
    u32(shape.length);
    for (const side of [...shape].reverse()) u64(side);
    u32([...GGML_TYPES].find(([, type]) => type.name === dtype)?.[0] ?? 0);
    u64(offset);
    offset += Math.ceil(data.length / 32) * 32;
  }
  pad();
  for (const { data } of Object.values(tensors)) {
    chunks.push(data);
    pad();
  }
  return Uint8Array.from(Buffer.concat(chunks));
}
