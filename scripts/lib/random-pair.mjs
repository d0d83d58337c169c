/** A base of random weights and tuned sides of it, as safetensors in bf16: for benches, which want shapes and no meaning. */
import { writeFileSync } from 'node:fs';

/**
 * @param {string} base file
 * @param {readonly string[]} tuned files: each the base with an update of its own of about one percent
 * @param {readonly (readonly number[])[]} shapes of matrices in layer 0, 1, ...
 */
export function writePair(base, tuned, shapes) {
  const next = xorshift(1);
  const matrices = shapes.map(([rows, columns]) => {
    // a few strong directions over a bulk of noise, as weights have
    const left = Float32Array.from({ length: rows }, next);
    const right = Float32Array.from({ length: columns }, next);
    return Float32Array.from(
      { length: rows * columns },
      (_, i) => 0.02 * (next() + left[Math.floor(i / columns)] * right[i % columns]),
    );
  });
  writeFileSync(base, fileOf(shapes, matrices));
  for (const file of tuned)
    writeFileSync(
      file,
      fileOf(
        shapes,
        matrices.map((matrix) => matrix.map((x) => x + 3e-4 * next())),
      ),
    );
}

/** Sums of four uniform numbers: close enough to normal, and fast. */
function xorshift(seed) {
  let state = seed;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32 - 0.5;
  };
  return () => Math.sqrt(3) * (uniform() + uniform() + uniform() + uniform());
}

/** Normal numbers, the same in every run. @param {number} seed */
export function gaussian(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function fileOf(shapes, matrices) {
  const codes = matrices.map((matrix) =>
    Buffer.from(Uint16Array.from(new Uint32Array(matrix.buffer), (x) => x >>> 16).buffer),
  );
  return Buffer.concat([headerOf(shapes), ...codes]);
}

/**
 * What a safetensors file of these matrices in bf16, one a layer, begins with.
 * @param {readonly (readonly number[])[]} shapes
 */
export function headerOf(shapes) {
  const header = {};
  let at = 0;
  for (const [i, shape] of shapes.entries()) {
    const end = at + 2 * shape[0] * shape[1];
    header[`model.layers.${i}.mlp.up_proj.weight`] = { dtype: 'BF16', shape, data_offsets: [at, end] };
    at = end;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, Buffer.from(padded)]);
}
