/** Headers of safetensors files, from bytes in memory, beside the reference implementation if it is installed. */
import { readSafetensorsHeader } from '../../src/formats/index.ts';
import { memorySource, rawFile } from '../unit/formats/build.ts';
import { damagedBytes, damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import { openReference } from './reference.ts';
import type { Outcome, Target } from './target.ts';

const TYPES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  BF16: 2,
  F16: 2,
  I16: 2,
  F32: 4,
  I32: 4,
  F64: 8,
  I64: 8,
};
const NAMES = ['a', 'model.layers.0.self_attn.q_proj.weight', '', '__proto__', 'é', '\u202e', '"', 'x'.repeat(300)];

/** Where we answer otherwise than the reference on purpose, and why. Null: no reason is known. */
function knownDifference(ours: readonly string[], refusal: string | null): string | null {
  if (refusal !== null)
    return /unknown variant/.test(refusal) && ours.includes('unknown-dtype')
      ? 'a type of a later version is listed with a warning, not analyzed'
      : null;
  // The first of both is what we go on with, so what is wrong with it is told too.
  if (ours.includes('duplicate-key')) return 'we refuse a key that stands twice; the reference takes the last';
  if (ours.every((code) => code === 'lone-surrogate'))
    return 'we refuse half of a surrogate pair in what is passed over, too';
  if (ours.every((code) => code === 'integer-too-large')) return 'a side above 2^53 - 1 beside a side of 0';
  return null;
}

export async function headerTarget(folder: string): Promise<Target> {
  const reference = await openReference(folder);
  return {
    name: 'header',
    note: reference
      ? `beside the Python package safetensors ${reference.version}`
      : 'the Python package safetensors is not installed: no reference beside it',
    make: makeFile,
    async run(file) {
      const { problems, entries } = await readSafetensorsHeader(memorySource(file), 'case.safetensors');
      const errors = problems.filter(({ severity }) => severity === 'error');
      const accepted = errors.length === 0;
      const outcome: Outcome = { accepted, rejections: problems, fault: placesFault(file, accepted, entries.values()) };
      if (!reference || outcome.fault !== null) return outcome;
      const refusal = await reference.refusal(file);
      if ((refusal === null) === accepted) return outcome;
      const told = (refusal === null ? errors : problems).map(({ code }) => code);
      const known = knownDifference(told, refusal);
      if (known !== null) return { ...outcome, known };
      const ours = accepted ? 'accepted' : told.join(', ');
      return { ...outcome, fault: `we: ${ours}; the reference: ${refusal ?? 'accepted'}` };
    },
    close: () => Promise.resolve(reference?.close()),
  };
}

/** What can be read lies inside of the file. */
function placesFault(
  file: Uint8Array,
  accepted: boolean,
  entries: Iterable<{ name: string; offset: number | null; sizeBytes: number }>,
): string | null {
  for (const { name, offset, sizeBytes } of entries) {
    if (offset === null) {
      if (accepted) return `accepted, but ${JSON.stringify(name)} has no place`;
    } else if (!(offset >= 8 && sizeBytes >= 0 && offset + sizeBytes <= file.length))
      return `${JSON.stringify(name)} lies at ${offset}, ${sizeBytes} bytes, outside of the file's ${file.length}`;
  }
  return null;
}

function makeFile(random: Random): Uint8Array {
  const { header, data } = sound(random);
  const kind = random.below(10);
  if (kind === 0) return random.bytes(random.below(200));
  if (kind === 1) return damagedBytes(random, rawFile(header, new Uint8Array(data)));
  if (kind === 2) return rawFile(header + random.pick([' ', '\n  ', '\0', 'x', '{}']), new Uint8Array(data));
  if (kind === 3) return rawFile(header, new Uint8Array(Math.max(0, data + random.pick([-9, -1, 1, 8]))));
  if (kind === 6) {
    // another size, place or type, in JSON that is right
    const numbers = header.match(/\d+/g)?.length ?? 0;
    let left = random.below(numbers + 1);
    const askew = header.replace(/\d+/g, (digits) =>
      left-- === 0 ? String(Math.max(0, Number(digits) + random.pick([-4, -1, 1, 4, 100, 2 ** 53]))) : digits,
    );
    return rawFile(askew, new Uint8Array(data));
  }
  if (kind === 4) {
    const length = random.pick([
      0n,
      1n,
      BigInt(header.length + 1),
      100_000_000n,
      100_000_001n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]);
    return rawFile(header, new Uint8Array(data), length);
  }
  const text = kind === 5 ? header : damagedJson(random, header);
  return rawFile(text, new Uint8Array(data));
}

/** A header that is right, of up to eight tensors, and how many bytes of data belong to it. */
function sound(random: Random): { header: string; data: number } {
  const fields: string[] = [];
  if (random.chance(0.3))
    fields.push(`"__metadata__":${random.pick(['{"format":"pt"}', '{}', 'null', '{"a":"\\u00e9"}'])}`);
  let end = 0;
  for (let i = random.below(9); i > 0; i--) {
    const [dtype, size] = random.pick(Object.entries(TYPES));
    const shape = Array.from({ length: random.below(4) }, () => random.below(5));
    const begin = end;
    end += size * shape.reduce((product, side) => product * side, 1);
    const name = random.chance(0.3) ? random.pick(NAMES) : `layer.${i}`;
    const parts = [`"dtype":"${dtype}"`, `"shape":[${shape.join(',')}]`, `"data_offsets":[${begin},${end}]`];
    if (random.chance(0.1)) parts.push(`"extra":${random.pick(['1', '[1,{"a":null}]', '"x"', '1e400', '{"a":{}}'])}`);
    if (random.chance(0.3)) parts.reverse();
    fields.push(`${JSON.stringify(name)}:{${parts.join(',')}}`);
  }
  return { header: `{${fields.join(',')}}`, data: end };
}
