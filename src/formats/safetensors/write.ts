/** The header of a safetensors file that is written: the reader's rules (header.ts) the other way round. */

export interface WrittenTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
  sizeBytes: number;
}

/** Of tensors whose data follows in this order, padded with spaces so that it begins at a multiple of 8 bytes. */
export function safetensorsHeader(
  tensors: readonly WrittenTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let end = 0;
  const entries: [string, object][] = Object.keys(metadata).length ? [['__metadata__', metadata]] : [];
  for (const { name, dtype, shape, sizeBytes } of tensors)
    entries.push([name, { dtype, shape, data_offsets: [end, (end += sizeBytes)] }]);
  // fromEntries defines a property of its own even for "__proto__"
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
