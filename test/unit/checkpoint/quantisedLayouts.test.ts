/** Layouts of which no library's own file is at hand: packed here as their documentation says, one code at a time, and read back. */
import { describe, expect, it } from 'vitest';
import { matricesOf, openCheckpoint, readChunks, readMatrix } from '../../../src/checkpoint/index.ts';
import { decodeFloats } from '../../../src/numbers/index.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const { write, path: root } = temporaryFolder();
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** Numbers that repeat only after a long while. */
const mixed = (count: number, below: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i * 7919 + 13) % 1009) * 31 + i) % below);
/** Codes one after another, each from its lowest bit on, in 32-bit words. */
function stream(codes: readonly number[], bits: number): number[] {
  const words = new Array<number>(Math.ceil((codes.length * bits) / 32)).fill(0);
  codes.forEach((code, i) => {
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      if ((code >> b) & 1) words[at >> 5] = ((words[at >> 5] as number) | (1 << (at & 31))) >>> 0;
    }
  });
  return words;
}
const u32 = (values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const i64 = (values: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
const f32 = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
type Named = [name: string, entry: Entry];
const entry = (name: string, dtype: string, shape: number[], data: Uint8Array): Named => [name, { dtype, shape, data }];

let next = 0;
/** The one matrix that the entries make, its rows by chunks as well as whole. */
async function read(
  entries: Named[],
  config: object,
): Promise<{ text: string; shape: readonly number[]; values: number[] }> {
  const folder = `m${next++}`;
  write(`${folder}/model.safetensors`, safetensors(Object.fromEntries(entries)));
  write(`${folder}/config.json`, config);
  const checkpoint = await openCheckpoint(`${root}/${folder}`);
  try {
    expect(checkpoint.problems).toEqual([]);
    const [row, ...others] = [...checkpoint.tensors.values()].filter(({ role }) => role !== 'bookkeeping');
    expect(others).toEqual([]);
    if (!row) throw new Error('nothing was recognised');
    const [weight] = matricesOf(checkpoint, row);
    if (!weight) throw new Error(`${row.name} is not a matrix`);
    const values = [...decodeFloats(weight.type, await readMatrix(weight))];
    const pieces: number[] = [];
    for await (const { data } of readChunks(weight, { weights: 50 }))
      for (const value of decodeFloats(weight.type, data)) pieces.push(value);
    expect(pieces).toEqual(values);
    return { text: checkpoint.facts.quantisation[0]?.text ?? '', shape: weight.shape, values };
  } finally {
    await checkpoint.close();
  }
}

describe('MLX', () => {
  it.each([2, 3, 4, 5, 6, 8])('%i bits', async (bits) => {
    const [rows, columns, size] = [3, 128, 64];
    const codes = mixed(rows * columns, 2 ** bits);
    const packed = Array.from({ length: rows }, (_, r) =>
      stream(codes.slice(r * columns, (r + 1) * columns), bits),
    ).flat();
    const scales = mixed(rows * 2, 50).map((n) => (n + 1) / 64);
    const biases = mixed(rows * 2, 9).map((n) => -n / 4);
    const found = await read(
      [
        entry('model.layers.0.mlp.up_proj.weight', 'U32', [rows, (columns * bits) / 32], u32(packed)),
        entry('model.layers.0.mlp.up_proj.scales', 'F32', [rows, 2], f32(scales)),
        entry('model.layers.0.mlp.up_proj.biases', 'F32', [rows, 2], f32(biases)),
      ],
      { quantization: { bits, group_size: size } },
    );
    expect(found.text).toBe(`MLX, ${bits} bits, groups of 64`);
    const group = (i: number): number => Math.floor(i / columns) * 2 + Math.floor((i % columns) / size);
    expect(found.values).toEqual(
      codes.map((code, i) => code * (scales[group(i)] as number) + (biases[group(i)] as number)),
    );
  });
});

describe('MLX without a config.json', () => {
  const packed = (bits: number, size: number, columns: number): Named[] => [
    entry('model.layers.0.mlp.up_proj.weight', 'U32', [4, (columns * bits) / 32], u32(mixed((columns * bits) / 8, 99))),
    entry('model.layers.0.mlp.up_proj.scales', 'F32', [4, columns / size], f32(mixed((4 * columns) / size, 9))),
    entry('model.layers.0.mlp.up_proj.biases', 'F32', [4, columns / size], f32(mixed((4 * columns) / size, 9))),
  ];
  const facts = async (entries: Named[]): Promise<[string | undefined, number | null, string[]]> => {
    const folder = `m${next++}`;
    write(`${folder}/model.safetensors`, safetensors(Object.fromEntries(entries)));
    const checkpoint = await openCheckpoint(`${root}/${folder}`);
    await checkpoint.close();
    const { quantisation, parameters } = checkpoint.facts;
    return [quantisation[0]?.text, parameters, checkpoint.problems.map(({ code }) => code)];
  };
  it.each([
    [4, 32],
    [8, 32],
    [2, 64],
    [4, 64],
  ])('%i bits in groups of %i are told by the width of the norms', async (bits, size) => {
    const norm = entry('model.norm.weight', 'F32', [128], f32(mixed(128, 9)));
    const found = await facts([...packed(bits, size, 128), norm]);
    expect(found).toEqual([`MLX, ${bits} bits, groups of ${size}`, 4 * 128 + 128, []]);
  });
  it('are not guessed if nothing tells them', async () => {
    const [text, parameters, problems] = await facts(packed(4, 32, 128));
    expect([text, parameters]).toEqual(['MLX', null]);
    expect(problems).toContain('packed-not-counted');
  });
});

describe('GPTQ', () => {
  it.each([
    [2, 'gptq', false],
    [3, 'gptq', true],
    [4, 'gptq_v2', true],
    [8, 'gptq', true],
  ])('%i bits, %s, act-order %s', async (bits, format, order) => {
    const [inputs, out, groups] = [64, 32, 2];
    const codes = mixed(inputs * out, 2 ** bits); // [in, out]
    const zeros = mixed(groups * out, 2 ** bits - 1);
    const scales = mixed(groups * out, 40).map((n) => (n + 1) / 128);
    const index = Array.from({ length: inputs }, (_, i) => (order ? (i * 5) % groups : Math.floor(i / 32)));
    // A column's codes are a stream down the rows of words; a row of zero points is a stream along it.
    const words = (inputs * bits) / 32;
    const columns = Array.from({ length: out }, (_, o) =>
      stream(
        Array.from({ length: inputs }, (_, i) => codes[i * out + o] as number),
        bits,
      ),
    );
    const qweight = Array.from({ length: words * out }, (_, i) => columns[i % out]?.[Math.floor(i / out)] ?? 0);
    const qzeros = Array.from({ length: groups }, (_, g) => stream(zeros.slice(g * out, (g + 1) * out), bits)).flat();
    const stem = 'model.layers.0.mlp.up_proj';
    const found = await read(
      [
        entry(`${stem}.qweight`, 'I32', [words, out], u32(qweight)),
        entry(`${stem}.qzeros`, 'I32', [groups, (out * bits) / 32], u32(qzeros)),
        entry(`${stem}.scales`, 'F32', [groups, out], f32(scales)),
        entry(`${stem}.g_idx`, 'I32', [inputs], u32(index)),
      ],
      { quantization_config: { quant_method: 'gptq', bits, group_size: 32, checkpoint_format: format } },
    );
    expect(found.text).toBe(`GPTQ, ${bits} bits, groups of 32`);
    expect(found.shape).toEqual([out, inputs]);
    const shift = format === 'gptq' ? 1 : 0;
    const wanted = Array.from({ length: out * inputs }, (_, at) => {
      const [o, i] = [Math.floor(at / inputs), at % inputs];
      const g = (index[i] as number) * out + o;
      return ((codes[i * out + o] as number) - (zeros[g] as number) - shift) * (scales[g] as number);
    });
    expect(found.values).toEqual(wanted);
  });
});

describe('compressed-tensors', () => {
  it.each([4, 8])('pack-quantized, %i bits, with zero points', async (bits) => {
    const [rows, columns, size] = [9, 64, 32];
    const each = 32 / bits;
    const codes = mixed(rows * columns, 2 ** bits);
    const zeros = mixed(rows * 2, 2 ** bits);
    const scales = mixed(rows * 2, 40).map((n) => (n + 1) / 128);
    const packed = Array.from({ length: rows }, (_, r) =>
      stream(codes.slice(r * columns, (r + 1) * columns), bits),
    ).flat();
    const zeroRows = Math.ceil(rows / each);
    const zeroWords = Array.from({ length: zeroRows * 2 }, (_, i) =>
      stream(
        Array.from({ length: each }, (_, k) => zeros[(Math.floor(i / 2) * each + k) * 2 + (i % 2)] ?? 0),
        bits,
      ),
    ).flat();
    const stem = 'model.layers.0.mlp.up_proj';
    const found = await read(
      [
        entry(`${stem}.weight_packed`, 'I32', [rows, columns / each], u32(packed)),
        entry(`${stem}.weight_scale`, 'F32', [rows, 2], f32(scales)),
        entry(`${stem}.weight_zero_point`, 'I32', [zeroRows, 2], u32(zeroWords)),
        entry(`${stem}.weight_shape`, 'I64', [2], i64([rows, columns])),
      ],
      { quantization_config: { quant_method: 'compressed-tensors' } },
    );
    expect(found.text).toBe(`INT${bits}, groups of 32`);
    const group = (i: number): number => Math.floor(i / columns) * 2 + Math.floor((i % columns) / size);
    expect(found.values).toEqual(
      codes.map((code, i) => (code - (zeros[group(i)] as number)) * (scales[group(i)] as number)),
    );
  });

  it.each(['weight_global_scale', 'weight_scale_2'])('NVFP4 with %s', async (global) => {
    const [rows, columns] = [4, 32];
    const codes = mixed(rows * columns, 16);
    const bytes = Uint8Array.from(
      { length: codes.length / 2 },
      (_, i) => (codes[2 * i] as number) | ((codes[2 * i + 1] as number) << 4),
    );
    // E4M3 codes of 1, 1.5, 2 and 0.5
    const scales = mixed(rows * 2, 4).map((n) => [0x38, 0x3c, 0x40, 0x30][n] as number);
    const factors = scales.map((code) => ({ 0x38: 1, 0x3c: 1.5, 0x40: 2, 0x30: 0.5 })[code] as number);
    const whole = 0.25;
    const stem = 'model.layers.0.mlp.up_proj';
    const divides = global === 'weight_global_scale';
    const found = await read(
      [
        entry(`${stem}.${divides ? 'weight_packed' : 'weight'}`, 'U8', [rows, columns / 2], bytes),
        entry(`${stem}.weight_scale`, 'F8_E4M3', [rows, 2], Uint8Array.from(scales)),
        entry(`${stem}.${global}`, 'F32', divides ? [1] : [], f32([whole])),
      ],
      {},
    );
    expect(found.text).toBe('NVFP4, groups of 16');
    const group = (i: number): number => Math.floor(i / 16);
    expect(found.values).toEqual(
      codes.map((code, i) => (E2M1[code] as number) * (factors[group(i)] as number) * (divides ? 1 / whole : whole)),
    );
  });
});

describe('bitsandbytes', () => {
  it.each(['nf4', 'fp4'])('%s with double quantisation', async (type) => {
    const [rows, columns, block, nestedBlock] = [6, 64, 64, 4];
    const codes = mixed(rows * columns, 16);
    const bytes = Uint8Array.from(
      { length: codes.length / 2 },
      (_, i) => ((codes[2 * i] as number) << 4) | (codes[2 * i + 1] as number),
    );
    const map = Array.from({ length: 16 }, (_, i) => (i - 8) / 8);
    const book = Array.from({ length: 256 }, (_, i) => (i - 128) / 128);
    const absmax = mixed(rows, 256);
    const factors = [0.5, 2];
    const stem = 'model.layers.0.mlp.up_proj.weight';
    const state = JSON.stringify({
      ...{ quant_type: type, blocksize: block, dtype: 'bfloat16', shape: [rows, columns] },
      ...{ nested_blocksize: nestedBlock, nested_dtype: 'float32', nested_offset: 1.5 },
    });
    const bytesOf = new TextEncoder().encode(state);
    const found = await read(
      [
        entry(stem, 'U8', [bytes.length, 1], bytes),
        entry(`${stem}.absmax`, 'U8', [rows], Uint8Array.from(absmax)),
        entry(`${stem}.quant_map`, 'F32', [16], f32(map)),
        entry(`${stem}.nested_absmax`, 'F32', [2], f32(factors)),
        entry(`${stem}.nested_quant_map`, 'F32', [256], f32(book)),
        entry(`${stem}.quant_state.bitsandbytes__${type}`, 'U8', [bytesOf.length], bytesOf),
      ],
      {},
    );
    expect(found.text).toBe(`${type.toUpperCase()}, double-quantised blocks of 64`);
    expect(found.values).toEqual(
      codes.map((code, i) => {
        const at = Math.floor(i / block);
        return (
          (map[code] as number) *
          ((book[absmax[at] as number] as number) * (factors[Math.floor(at / nestedBlock)] as number) + 1.5)
        );
      }),
    );
  });
});

describe('what is not decoded', () => {
  const stem = 'model.layers.0.mlp.up_proj';
  it.each([
    ['EXL2', { '.q_weight': 'I32', '.q_scale': 'I32', '.q_groups': 'I16', '.q_scale_max': 'F16' }, {}],
    ['HQQ', { '.W_q': 'U8', '.scale': 'F16', '.zero': 'F16' }, {}],
    ['AQLM', { '.codes': 'I8', '.codebooks': 'F16', '.scales': 'F16' }, {}],
    ['vptq', { '.weight': 'I32' }, { quantization_config: { quant_method: 'vptq' } }],
    ['torchao', { '._weight_qdata': 'I8' }, { quantization_config: { quant_method: 'torchao' } }],
    ['quanto', { '.weight._data._data': 'U8', '.weight._scale': 'F16', '.weight._shift': 'F16' }, {}],
  ])('%s is named, and its parameters are not counted', async (kind, parts, config) => {
    const folder = `o${next++}`;
    const bytes: Record<string, number> = { I32: 4, I16: 2, F16: 2, U8: 1, I8: 1 };
    const entries = Object.entries(parts).map(([ending, dtype]): Named => [
      `${stem}${ending}`,
      { dtype, shape: [2, 4], data: new Uint8Array(8 * (bytes[dtype] ?? 1)) },
    ]);
    write(`${folder}/model.safetensors`, safetensors(Object.fromEntries(entries)));
    write(`${folder}/config.json`, config);
    const checkpoint = await openCheckpoint(`${root}/${folder}`);
    expect(checkpoint.facts.parameters).toBeNull();
    expect(checkpoint.facts.quantisation).toMatchObject([{ kind, parameters: null }]);
    expect(checkpoint.problems.map(({ code }) => code)).toContain('packed-not-counted');
    expect([...checkpoint.tensors.values()].filter(({ role }) => role !== 'bookkeeping')).toHaveLength(1);
    await checkpoint.close();
  });
});

describe('codes with scales of a name that no layout knows', () => {
  it.each(['scales', 'weight_scaling_factor', 'weight.scale'])(
    '%s: counted, and not read without them',
    async (scale) => {
      const folder = `u${next++}`;
      const stem = 'model.layers.0.mlp.up_proj';
      const entries: Record<string, Entry> = {
        [`${stem}.weight`]: { dtype: 'F8_E4M3', shape: [2, 4], data: new Uint8Array(8).fill(0x38) },
        [`${stem}.${scale}`]: { dtype: 'F32', shape: [2, 1], data: new Uint8Array(8) },
        [`${stem}.input_scale`]: { dtype: 'F32', shape: [], data: new Uint8Array(4) },
      };
      write(`${folder}/model.safetensors`, safetensors(entries));
      const checkpoint = await openCheckpoint(`${root}/${folder}`);
      expect(checkpoint.facts.parameters).toBe(8);
      expect(checkpoint.facts.quantisation).toMatchObject([{ kind: 'FP8', parameters: 8 }]);
      const reason = checkpoint.tensors.get(`${stem}.weight`)?.quantised?.reason;
      expect(reason).toContain(`its scales (".${scale}")`);
      await checkpoint.close();
    },
  );

  it('scales of inputs alone are no scales of the weight', async () => {
    const folder = `u${next++}`;
    const entries: Record<string, Entry> = {
      'model.layers.0.mlp.up_proj.weight': { dtype: 'F8_E4M3', shape: [2, 4], data: new Uint8Array(8).fill(0x38) },
      'model.layers.0.mlp.up_proj.input_scale': { dtype: 'F32', shape: [], data: new Uint8Array(4) },
    };
    write(`${folder}/model.safetensors`, safetensors(entries));
    const checkpoint = await openCheckpoint(`${root}/${folder}`);
    expect(checkpoint.facts.quantisation).toEqual([]);
    await checkpoint.close();
  });
});

describe('codes in planes', () => {
  const stem = 'model.layers.0.mlp.up_proj';
  /** hqq core/bitpack.py pack_nbit_u8: the first rows of codes in the high bits of a byte, the next below */
  const highFirst = (codes: readonly number[], bits: number): number[] => {
    const each = codes.length / (8 / bits);
    return Array.from({ length: each }, (_, p) =>
      Array.from({ length: 8 / bits }, (__, plane) => codes[plane * each + p] as number).reduce(
        (byte, code) => (byte << bits) | code,
        0,
      ),
    );
  };
  it.each(
    [1, 2, 4, 8].flatMap((bits): [number, number][] => [
      [bits, 1],
      [bits, 0],
    ]),
  )('HQQ, %i bits, along axis %i', async (bits, axis) => {
    const [rows, columns, size] = [8, 32, 16];
    const codes = mixed(rows * columns, 2 ** bits);
    const groups = codes.length / size;
    const scales = mixed(groups, 50).map((n) => (n + 1) / 64);
    const zeros = mixed(groups, 7).map((n) => n / 4);
    const sides = axis === 1 ? [groups, 1] : [1, groups];
    const packed = highFirst(codes, bits);
    const found = await read(
      [
        entry(
          `${stem}.W_q`,
          'U8',
          axis === 1 ? [packed.length / size, size] : [packed.length / groups, groups],
          Uint8Array.from(packed),
        ),
        entry(`${stem}.scale`, 'F32', sides, f32(scales)),
        entry(`${stem}.zero`, 'F32', sides, f32(zeros)),
        entry(`${stem}.shape`, 'I64', [2], i64([rows, columns])),
        entry(`${stem}.axis`, 'I32', [], u32([axis])),
      ],
      { quantization_config: { quant_method: 'hqq' } },
    );
    expect(found).toMatchObject({ text: `HQQ, ${bits} bits, groups of ${size}`, shape: [rows, columns] });
    const group = (i: number): number => (axis === 1 ? Math.floor(i / size) : i % groups);
    expect(found.values).toEqual(
      codes.map((code, i) => (code - (zeros[group(i)] as number)) * (scales[group(i)] as number)),
    );
  });

  it.each([
    ['bitlinear', 1 / 4],
    ['autobitlinear', 4],
  ])('BitNet of the class %s', async (linear_class, factor) => {
    const [rows, columns] = [8, 5];
    const codes = mixed(rows * columns, 3);
    // transformers pack_weights: the first quarter of the rows in the low bits
    const bytes = Array.from({ length: (rows * columns) / 4 }, (_, p) =>
      [0, 1, 2, 3].reduce((byte, plane) => byte | ((codes[plane * 10 + p] as number) << (2 * plane)), 0),
    );
    const found = await read(
      [
        entry(`${stem}.weight`, 'U8', [rows / 4, columns], Uint8Array.from(bytes)),
        entry(`${stem}.weight_scale`, 'F32', [1], f32([4])),
      ],
      { quantization_config: { quant_method: 'bitnet', linear_class } },
    );
    expect(found).toMatchObject({ text: 'BitNet, 2 bits, one scale a tensor', shape: [rows, columns] });
    expect(found.values).toEqual(codes.map((code) => (code - 1) * factor));
  });
});

describe('one byte a code', () => {
  const stem = 'model.layers.0.mlp.up_proj';
  const bytes = Uint8Array.from(mixed(24, 256));
  const signed = [...new Int8Array(bytes.buffer)];
  const scales = [0.5, 0.25, 2, 1];

  it('INT8 of compressed-tensors, with zero points', async () => {
    const zeros = Uint8Array.from([1, 2, 3, 4]);
    const found = await read(
      [
        entry(`${stem}.weight`, 'I8', [4, 6], bytes),
        entry(`${stem}.weight_scale`, 'F32', [4, 1], f32(scales)),
        entry(`${stem}.weight_zero_point`, 'I8', [4, 1], zeros),
      ],
      {},
    );
    expect(found.text).toBe('INT8, one scale a row');
    expect(found.values).toEqual(
      signed.map((code, i) => (code - (zeros[Math.floor(i / 6)] as number)) * (scales[Math.floor(i / 6)] as number)),
    );
  });

  it.each([
    ['I8', 'quanto INT8'],
    ['F8_E4M3', 'quanto FP8'],
  ])('quanto, %s', async (dtype, kind) => {
    // 0x7f and 0xff of E4M3 are NaN
    const data = bytes.map((byte) => byte & 0xf7);
    const found = await read(
      [
        entry(`${stem}.weight._data`, dtype, [4, 6], data),
        entry(`${stem}.weight._scale`, 'F32', [4, 1], f32(scales)),
        entry(`${stem}.input_scale`, 'F32', [], f32([1])),
      ],
      { quantization_config: { quant_method: 'quanto' } },
    );
    expect(found.text).toBe(`${kind}, one scale a row`);
    const codes = dtype === 'I8' ? [...new Int8Array(data.buffer)] : [...decodeFloats('F8_E4M3', data)];
    expect(found.values).toEqual(codes.map((code, i) => code * (scales[Math.floor(i / 6)] as number)));
  });

  it.each<[string, number[], (i: number) => number]>([
    ['one scale a tensor', [], () => 0],
    ['one scale a row', [4], (i) => Math.floor(i / 6)],
    ['groups of 3', [4, 2], (i) => Math.floor(i / 6) * 2 + Math.floor((i % 6) / 3)],
    ['blocks of 2 x 3', [2, 2], (i) => Math.floor(i / 12) * 2 + Math.floor((i % 6) / 3)],
  ])('FP8 E5M2, %s', async (group, shape, scaleOf) => {
    const factors = mixed(
      shape.reduce((a, b) => a * b, 1),
      9,
    ).map((n) => (n + 1) / 8);
    // no exponent of ones: neither infinities nor NaN
    const data = bytes.map((byte) => byte & 0xbb);
    const found = await read(
      [entry(`${stem}.weight`, 'F8_E5M2', [4, 6], data), entry(`${stem}.weight_scale`, 'F32', shape, f32(factors))],
      {},
    );
    expect(found.text).toBe(`FP8 E5M2, ${group}`);
    const codes = [...decodeFloats('F8_E5M2', data)];
    expect(found.values).toEqual(codes.map((code, i) => code * (factors[scaleOf(i)] as number)));
  });
});

it('MLX MXFP4: E2M1 with a power of two a group', async () => {
  const stem = 'model.layers.0.mlp.up_proj';
  const codes = mixed(2 * 64, 16);
  const packed = [0, 1].map((r) => stream(codes.slice(r * 64, (r + 1) * 64), 4)).flat();
  const exponents = [126, 127, 128, 130];
  const found = await read(
    [
      entry(`${stem}.weight`, 'U32', [2, 8], u32(packed)),
      entry(`${stem}.scales`, 'U8', [2, 2], Uint8Array.from(exponents)),
    ],
    { quantization: { bits: 4, group_size: 32, mode: 'mxfp4' } },
  );
  expect(found.text).toBe('MLX MXFP4, groups of 32');
  expect(found.values).toEqual(
    codes.map((code, i) => (E2M1[code] as number) * 2 ** ((exponents[Math.floor(i / 32)] as number) - 127)),
  );
});
