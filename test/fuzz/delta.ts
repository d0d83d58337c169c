/** What a trainer's delta consists of: its manifest, and the compressed change of one tensor, each damaged. */
import { zstdCompressSync } from 'node:zlib';
import { changeOf } from '../../src/checkpoint/deltas/change.ts';
import { inflate } from '../../src/checkpoint/deltas/inflate.ts';
import { parseManifest } from '../../src/checkpoint/deltas/read.ts';
import { ENCODINGS } from '../../src/checkpoint/deltas/types.ts';
import { toWireError } from '../../src/protocol/errors.ts';
import { damagedBytes, damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import type { Outcome, Target } from './target.ts';

/** Bytes of the tensor that is changed. */
const SIZE = 4096;
/** The first byte of an input says what the rest is. */
const [XOR, OVERWRITE, MANIFEST] = [0, 1, 2];

export const deltaTarget: Target = {
  name: 'delta',
  note: 'a change that is taken changes no byte outside of its tensor',
  make(random) {
    const kind = random.below(3);
    const sound = kind === MANIFEST ? null : new Uint8Array(zstdCompressSync(plain(random, kind)));
    const text = manifest(random);
    const body = sound ?? new TextEncoder().encode(random.chance(0.5) ? damagedJson(random, text) : text);
    return Uint8Array.of(kind, ...(random.chance(0.4) ? damagedBytes(random, body) : body));
  },
  async run(input) {
    const body = input.subarray(1);
    if (input[0] === MANIFEST) {
      const found = parseManifest(new TextDecoder().decode(body));
      if (!found) return refused('not-a-manifest', 'null');
      const fault = found.baseVersion < found.version ? null : `version ${found.version} on ${found.baseVersion}`;
      return { accepted: true, rejections: [], fault };
    }
    try {
      const read = async (at: number, into: Uint8Array): Promise<void> => into.set(body.subarray(at, at + into.length));
      const encoding = ENCODINGS[input[0] === OVERWRITE ? 1 : 0];
      const change = await changeOf(encoding, inflate(read, body.length, 'case'), SIZE, 'case');
      // a window inside of the tensor, with bytes beside it that must stay
      const around = new Uint8Array(300).fill(7);
      change.applyTo(around.subarray(100, 200), 1000);
      const isOut = around.some((byte, i) => (i < 100 || i >= 200) && byte !== 7);
      return { accepted: true, rejections: [], fault: isOut ? 'it changed bytes outside of its window' : null };
    } catch (error) {
      const { code, message } = toWireError(error);
      return code === 'bug' ? { ...refused(code, message), fault: message } : refused(code, message);
    }
  },
  close: () => Promise.resolve(),
};

const refused = (code: string, message: string): Outcome => ({
  accepted: false,
  rejections: [{ code, message }],
  fault: null,
});

function plain(random: Random, kind: number): Uint8Array {
  const size = random.chance(0.7) ? SIZE : random.below(2 * SIZE);
  if (kind === XOR) {
    const bytes = new Uint8Array(size);
    for (let i = random.below(200); i > 0; i--) bytes[random.below(Math.max(1, size))] = random.below(256);
    return bytes;
  }
  const places = [...new Set(Array.from({ length: random.below(50) }, () => random.below(SIZE)))].sort((a, b) => a - b);
  if (random.chance(0.2)) places.push(random.below(2 ** 31));
  const count = random.chance(0.9) ? places.length : random.below(2 ** 31);
  const numbers = new Uint8Array(Uint32Array.of(count, ...places).buffer);
  return Uint8Array.of(...numbers, ...random.bytes(places.length));
}

function manifest(random: Random): string {
  const tensors = Array.from({ length: random.below(4) }, (_, i) => ({
    ...{ name: random.pick(['a', '__proto__', 'model.layers.0.q']), dtype: 'torch.bfloat16', shape: [2, i] },
    ...{ payload_file: random.pick(['f.safetensors', '../f', '']), payload_key: 'a', checksum: 'ab' },
    ...{ uncompressed_num_bytes: random.pick([4, 0, -1, 1e300]), checksum_algorithm: 'sha256' },
  }));
  return JSON.stringify({ version: random.below(4), base_version: 0, tensors, payload_files: ['f.safetensors'] });
}
