/** Files of the binary formats, damaged: small ones that the libraries wrote, with most of the damage in what describes the data. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ByteSource } from '../../src/bytes/index.ts';
import { readHeader } from '../../src/formats/index.ts';
import type { Header, HeaderEntry } from '../../src/formats/index.ts';
import { memorySource } from '../unit/formats/build.ts';
import { damagedBytes } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

/** Where a file describes itself: damage among the weights is seldom noticed, and tries nothing. */
export type Stretches = readonly (readonly [from: number, to: number])[];

export function binaryTarget(
  name: string,
  paths: readonly string[],
  stretchesOf: (file: Buffer) => Stretches,
  read: (source: ByteSource, file: string) => Promise<Header> = readHeader,
  dataBytes?: number,
): Target {
  const samples = paths.map((path) => {
    const bytes = readFileSync(path);
    return { file: basename(path), bytes, stretches: stretchesOf(bytes) };
  });
  return {
    name,
    note: `from ${samples.length} files that libraries wrote`,
    make(random) {
      const index = random.below(samples.length);
      const { bytes, stretches } = samples[index] as (typeof samples)[number];
      // The first byte says which sample it is, for its name.
      return Uint8Array.of(index, ...damaged(random, bytes, stretches));
    },
    async run(input) {
      const sample = samples[input[0] ?? 0] as (typeof samples)[number];
      const file = input.slice(1);
      const header = await read(memorySource(file), sample.file);
      const accepted = !header.problems.some(({ severity }) => severity === 'error');
      const bytes = dataBytes ?? file.length;
      return { accepted, rejections: header.problems, fault: placesFault(header, () => bytes, bytes) };
    },
    close: () => Promise.resolve(),
  };
}

export function damaged(random: Random, bytes: Uint8Array, stretches: Stretches): Uint8Array {
  const kind = random.below(20);
  if (kind === 0) return bytes.subarray(0, random.below(bytes.length));
  if (kind === 1) return bytes;
  if (kind === 2) return damagedBytes(random, bytes);
  const [from, to] = random.pick(stretches);
  if (kind < 14) {
    // Of the same length: what lies behind stays in its place.
    const copy = Uint8Array.from(bytes);
    for (let left = 1 + random.below(4); left > 0; left--) {
      const at = from + random.below(to - from);
      if (random.chance(0.5)) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      else copy.set(random.pick(WORDS).subarray(0, bytes.length - at), at);
    }
    return copy;
  }
  return Buffer.concat([bytes.subarray(0, from), damagedBytes(random, bytes.subarray(from, to)), bytes.subarray(to)]);
}
const WORDS = [
  [0],
  [0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 1, 0, 0, 0],
].map((word) => Uint8Array.from(word));

/** What can be read lies inside of its file: `bytesOf` one, of the entry's own without a name; `allBytes`: of all together. */
export function placesFault({ entries }: Header, bytesOf: (file?: string) => number, allBytes: number): string | null {
  for (const entry of entries.values()) {
    const fault = placeFault(entry, bytesOf, allBytes);
    if (fault !== null) return `${JSON.stringify(entry.name)} ${fault} of the ${allBytes} bytes`;
  }
  return null;
}

function placeFault(
  { offset, sizeBytes, shape, layout }: HeaderEntry,
  bytesOf: (file?: string) => number,
  allBytes: number,
): string | null {
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0))
    return `has the shape [${shape.join(', ')}] with a side`;
  if (offset === null) return null;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return `has ${sizeBytes} bytes`;
  if (!layout)
    return offset >= 0 && offset + sizeBytes <= bytesOf() ? null : `lies at ${offset}, ${sizeBytes} bytes, outside`;
  const count = layout.shape.reduce((product, side) => product * side, 1);
  for (const box of layout.boxes) {
    const axes = box.shape.map((side, axis) => (side - 1) * (box.strides?.[axis] ?? packed(box.shape, axis)));
    const last = axes.reduce((sum, steps) => sum + steps, 0);
    if (box.offset < 0 || box.offset + (last + 1) * (sizeBytes / count) > bytesOf(box.file))
      return `has a box at ${box.offset} that ends outside`;
  }
  return sizeBytes > allBytes ? `claims ${sizeBytes} bytes` : null;
}
const packed = (shape: readonly number[], axis: number): number =>
  shape.slice(axis + 1).reduce((product, side) => product * side, 1);

/** From one text to behind another; the whole file if they are not there. */
export function between(file: Buffer, first: string, last: string): [number, number] {
  const from = file.indexOf(first, 0, 'latin1');
  const to = file.indexOf(last, from, 'latin1');
  return from < 0 || to < 0 ? [0, file.length] : [from, to + last.length];
}
