/** A base and a tuned side shaped as a published model, as trainers shard it, in bf16: for benches, which want shapes and no meaning. */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gaussian } from './random-pair.mjs';

/**
 * @typedef {{ layers: number, hidden: number, intermediate: number, heads: number, keyValueHeads: number, vocabulary: number }} Model
 * @typedef {{ name: string, shape: readonly number[] }} Tensor
 * @typedef {Tensor & { file: string, at: number }} Placed its shard, and the byte of that shard where it starts
 */

/** Of Llama 2 7B. @type {Model} */
export const SHAPED_7B = {
  layers: 32,
  hidden: 4096,
  intermediate: 11008,
  heads: 32,
  keyValueHeads: 32,
  vocabulary: 32000,
};
/** Of Llama 2 70B. @type {Model} */
export const SHAPED_70B = {
  layers: 80,
  hidden: 8192,
  intermediate: 28672,
  heads: 64,
  keyValueHeads: 8,
  vocabulary: 32000,
};
/** What Transformers writes into one file at most. */
const SHARD_BYTES = 5e9;
/** Size of the update beside the weights' root mean square: about half a step of bf16. */
const UPDATE = 0.002;
const NOISES = 2 ** 24;

/** In the order of the file. @param {Model} model @returns {Tensor[]} */
export function tensorsOf({ layers, hidden, intermediate, heads, keyValueHeads, vocabulary }) {
  const keyValue = (hidden / heads) * keyValueHeads;
  const ofLayer = {
    'self_attn.q_proj': [hidden, hidden],
    'self_attn.k_proj': [keyValue, hidden],
    'self_attn.v_proj': [keyValue, hidden],
    'self_attn.o_proj': [hidden, hidden],
    'mlp.gate_proj': [intermediate, hidden],
    'mlp.up_proj': [intermediate, hidden],
    'mlp.down_proj': [hidden, intermediate],
    input_layernorm: [hidden],
    post_attention_layernorm: [hidden],
  };
  const inLayers = Array.from({ length: layers }, (_, layer) =>
    Object.entries(ofLayer).map(([module, shape]) => ({ name: `model.layers.${layer}.${module}.weight`, shape })),
  );
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabulary, hidden] },
    ...inLayers.flat(),
    { name: 'model.norm.weight', shape: [hidden] },
    { name: 'lm_head.weight', shape: [vocabulary, hidden] },
  ];
}
/** @param {Pick<Tensor, 'shape'>} tensor */
export const countOf = ({ shape }) => shape.reduce((product, n) => product * n, 1);

/**
 * Headers, index and config of a model whose weights are holes: they take no disk, and read as zeros.
 * @param {string} folder
 * @param {Model} model
 * @returns {Placed[]}
 */
export function writeHeaders(folder, model) {
  mkdirSync(folder, { recursive: true });
  const shards = [];
  let bytes = Infinity;
  for (const tensor of tensorsOf(model)) {
    if (bytes + 2 * countOf(tensor) > SHARD_BYTES) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1).push(tensor);
    bytes += 2 * countOf(tensor);
  }
  const placed = [];
  for (const [i, tensors] of shards.entries()) {
    const [number, of] = [i + 1, shards.length].map((n) => String(n).padStart(5, '0'));
    const file = `model-${number}-of-${of}.safetensors`;
    const header = {};
    let end = 0;
    for (const { name, shape } of tensors)
      header[name] = { dtype: 'BF16', shape, data_offsets: [end, (end += 2 * countOf({ shape }))] };
    const text = JSON.stringify(header);
    const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(padded.length));
    const handle = openSync(join(folder, file), 'w');
    writeSync(handle, Buffer.concat([length, padded]));
    const start = length.length + padded.length;
    ftruncateSync(handle, start + end);
    closeSync(handle);
    for (const tensor of tensors) placed.push({ ...tensor, file, at: start + header[tensor.name].data_offsets[0] });
  }
  const weight_map = Object.fromEntries(placed.map(({ name, file }) => [name, file]));
  const total_size = placed.reduce((sum, tensor) => sum + 2 * countOf(tensor), 0);
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: { total_size }, weight_map }, null, 2),
  );
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: model.hidden,
    intermediate_size: model.intermediate,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.keyValueHeads,
    vocab_size: model.vocabulary,
    torch_dtype: 'bfloat16',
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2));
  return placed;
}

/**
 * Writes every weight of both sides. No two matrices are the same, but those of a shape share their singular values, up to a factor:
 * each is one matrix of that shape with its rows in another order and with other signs. Its update is noise of its own.
 * @param {readonly [string, string]} folders base and tuned, with headers
 * @param {readonly Placed[]} placed as `writeHeaders` says
 */
export function writeWeights(folders, placed) {
  const next = gaussian(1);
  const noise = new Float32Array(NOISES);
  for (let i = 0; i < NOISES; i++) noise[i] = next();
  let state = 1;
  const whole = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((below * state) / 2 ** 32);
  };
  const models = new Map();
  const handles = folders.map(
    (folder) =>
      new Map([...new Set(placed.map(({ file }) => file))].map((file) => [file, openSync(join(folder, file), 'r+')])),
  );
  for (const [at, tensor] of placed.entries()) {
    const [rows, columns = 1] = tensor.shape;
    const isVector = tensor.shape.length === 1;
    // the vocabulary's matrices have no spectrum: rows of another one, over and over
    const isLayer = tensor.name.includes('.layers.');
    const key = isLayer || isVector ? tensor.shape.join() : `${columns},${columns}`;
    if (!models.has(key))
      models.set(key, isVector ? ones(rows) : matrixOf(...key.split(',').map(Number), noise, whole));
    const { values, rms } = models.get(key);
    const stored = isVector ? 1 : values.length / columns;
    const order = isVector ? null : shuffled(stored, whole);
    const scale = isVector ? 1 : 0.02 * (1 + 0.01 * (at % 50));
    const size = UPDATE * rms * scale;
    const width = isVector ? rows : columns;
    const base = new Float32Array(width);
    const tuned = new Float32Array(width);
    const codes = folders.map(() => new Uint16Array(rows * columns));
    for (let row = 0; row * width < rows * columns; row++) {
      const from = order ? order[row % stored] * width : 0;
      addScaled(base, null, values, from, order && whole(2) ? -scale : scale);
      round(base, codes[0], row * width);
      addScaled(tuned, base, noise, whole(NOISES / 2), size);
      round(tuned, codes[1], row * width);
    }
    for (const [side, of] of codes.entries())
      writeSync(handles[side].get(tensor.file), new Uint8Array(of.buffer), 0, of.byteLength, tensor.at);
  }
  for (const of of handles) for (const handle of of.values()) closeSync(handle);
}

/** to = (a or nothing) + factor times as many numbers of `b` from there on */
function addScaled(to, a, b, from, factor) {
  if (a) for (let j = 0; j < to.length; j++) to[j] = a[j] + factor * b[from + j];
  else for (let j = 0; j < to.length; j++) to[j] = factor * b[from + j];
}
/** Rounds to bf16, to nearest even, in place, and writes the codes. */
function round(values, codes, at) {
  const bits = new Uint32Array(values.buffer);
  for (let j = 0; j < bits.length; j++) {
    const code = (bits[j] + 0x7fff + ((bits[j] >>> 16) & 1)) >>> 16;
    codes[at + j] = code;
    bits[j] = code << 16;
  }
}
const ones = (length) => ({ values: new Float32Array(length).fill(1), rms: 1 });

/**
 * A matrix whose rows are normal with the covariance I + 512 sum of v_t v_t' / t^1.2, t up to an eighth of the shorter side: the spectrum
 * of bench-stages' pairs, a bulk and a few hundred values above it. The v_t are columns of a Hadamard matrix with signs, so that 4096
 * columns take 12 additions an element.
 */
function matrixOf(rows, columns, noise, whole) {
  if (columns > rows) {
    const { values, rms } = matrixOf(columns, rows, noise, whole);
    const turned = new Float32Array(values.length);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[i * columns + j] = values[j * rows + i];
    return { values: turned, rms };
  }
  if (columns & (columns - 1)) throw new Error(`${columns} is no power of two`);
  const values = new Float32Array(rows * columns);
  const signs = Float32Array.from({ length: columns }, () => (whole(2) ? 1 : -1) / Math.sqrt(columns));
  const spread = Float32Array.from({ length: columns }, (_, t) =>
    t < columns / 8 ? Math.sqrt(1 + 512 / (t + 1) ** 1.2) : 1,
  );
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * columns, (i + 1) * columns);
    const from = whole(noise.length / 2);
    for (let t = 0; t < columns; t++) row[t] = spread[t] * noise[from + t];
    hadamard(row);
    for (let j = 0; j < columns; j++) row[j] *= signs[j];
  }
  const rms = Math.sqrt(spread.reduce((sum, s) => sum + s * s, 0) / columns);
  return { values, rms };
}
/** Times the Hadamard matrix of its length, a power of two, in place. @param {Float32Array} row */
function hadamard(row) {
  for (let half = 1; half < row.length; half *= 2)
    for (let at = 0; at < row.length; at += 2 * half)
      for (let j = at; j < at + half; j++) {
        const a = row[j];
        const b = row[j + half];
        row[j] = a + b;
        row[j + half] = a - b;
      }
}
/** The numbers below `length` in some order. */
function shuffled(length, whole) {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const other = whole(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}
