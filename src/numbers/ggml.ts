/**
 * ggml's types of blocks, and what their codes stand for: ggml-quants.c of llama.cpp, dequantize_row_*, and gguf-py's quants.py, whose
 * values these are to the bit: every operation is rounded to float32 as there.
 */
import { halfToFloatBits } from './decode.ts';

/** Decodes the block at `from` into `out` from `at` on. */
type Decode = (bytes: Uint8Array, from: number, out: Float32Array, at: number) => void;

export interface GgmlType {
  readonly name: string;
  /** weights of a block, and its bytes */
  readonly weights: number;
  readonly bytes: number;
  /** of a code */
  readonly bits: number;
  /** null if its values are not made here */
  readonly decode: Decode | null;
}

const { fround } = Math;
const word = new DataView(new ArrayBuffer(4));
function half(bytes: Uint8Array, at: number): number {
  word.setUint32(0, halfToFloatBits((bytes[at] as number) | ((bytes[at + 1] as number) << 8)));
  return word.getFloat32(0);
}
const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number;
const signed = (value: number): number => (value << 24) >> 24;

/** 32 codes of 4 bits: the low halves of 16 bytes, then the high ones. */
const nibble = (bytes: Uint8Array, from: number, i: number): number =>
  i < 16 ? byte(bytes, from + i) & 15 : byte(bytes, from + i - 16) >> 4;
const fifth = (bytes: Uint8Array, from: number, i: number): number =>
  ((byte(bytes, from + (i >> 3)) >> (i & 7)) & 1) << 4;

const q4_0: Decode = (b, from, out, at) => {
  const d = half(b, from);
  for (let i = 0; i < 32; i++) out[at + i] = d * (nibble(b, from + 2, i) - 8);
};
const q4_1: Decode = (b, from, out, at) => {
  const [d, m] = [half(b, from), half(b, from + 2)];
  for (let i = 0; i < 32; i++) out[at + i] = fround(d * nibble(b, from + 4, i)) + m;
};
const q5_0: Decode = (b, from, out, at) => {
  const d = half(b, from);
  for (let i = 0; i < 32; i++) out[at + i] = d * ((nibble(b, from + 6, i) | fifth(b, from + 2, i)) - 16);
};
const q5_1: Decode = (b, from, out, at) => {
  const [d, m] = [half(b, from), half(b, from + 2)];
  for (let i = 0; i < 32; i++) out[at + i] = fround(d * (nibble(b, from + 8, i) | fifth(b, from + 4, i))) + m;
};
const q8_0: Decode = (b, from, out, at) => {
  const d = half(b, from);
  for (let i = 0; i < 32; i++) out[at + i] = signed(byte(b, from + 2 + i)) * d;
};

/** The code of 2 bits of weight i: 128 weights take 32 bytes, 32 of them a pair of bits. */
const pair = (b: Uint8Array, from: number, i: number): number =>
  (byte(b, from + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;

const q2_k: Decode = (b, from, out, at) => {
  const [d, least] = [half(b, from + 80), half(b, from + 82)];
  for (let i = 0; i < 256; i++) {
    const scale = byte(b, from + (i >> 4));
    const dl = fround(d * (scale & 15));
    const ml = fround(least * (scale >> 4));
    out[at + i] = fround(dl * pair(b, from + 16, i)) - ml;
  }
};
const q3_k: Decode = (b, from, out, at) => {
  const d = half(b, from + 108);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = group < 8 ? byte(b, from + 96 + group) & 15 : byte(b, from + 96 + group - 8) >> 4;
    const high = (byte(b, from + 104 + (group & 3)) >> ((group >> 2) * 2)) & 3;
    const dl = fround(d * ((low | (high << 4)) - 32));
    const mask = (byte(b, from + (i & 31)) >> (i >> 5)) & 1;
    out[at + i] = dl * (pair(b, from + 32, i) - (mask ? 0 : 4));
  }
};
/** Scale and least value of the groups of 32 of Q4_K and Q5_K, 6 bits each in 12 bytes. */
function scaleAndLeast(b: Uint8Array, from: number, group: number): [scale: number, least: number] {
  const j = group & 3;
  if (group < 4) return [byte(b, from + j) & 63, byte(b, from + 4 + j) & 63];
  const both = byte(b, from + 8 + j);
  return [(both & 15) | ((byte(b, from + j) >> 2) & 48), (both >> 4) | ((byte(b, from + 4 + j) >> 2) & 48)];
}
/** The code of 4 bits of weight i: 64 weights take 32 bytes. */
const quarter = (b: Uint8Array, from: number, i: number): number =>
  (byte(b, from + (i >> 6) * 32 + (i & 31)) >> (((i >> 5) & 1) * 4)) & 15;

const q45_k =
  (high: boolean): Decode =>
  (b, from, out, at) => {
    const [d, least] = [half(b, from), half(b, from + 2)];
    const codes = from + (high ? 48 : 16);
    for (let group = 0; group < 8; group++) {
      const [scale, minimum] = scaleAndLeast(b, from + 4, group);
      const dl = fround(d * scale);
      const ml = fround(least * minimum);
      for (let i = group * 32; i < group * 32 + 32; i++) {
        const top = high ? ((byte(b, from + 16 + (i & 31)) >> group) & 1) << 4 : 0;
        out[at + i] = fround(dl * (quarter(b, codes, i) | top)) - ml;
      }
    }
  };
const q6_k: Decode = (b, from, out, at) => {
  const d = half(b, from + 208);
  for (let i = 0; i < 256; i++) {
    const dl = fround(d * signed(byte(b, from + 192 + (i >> 4))));
    const low = (byte(b, from + (i >> 7) * 64 + (i & 63)) >> (((i >> 6) & 1) * 4)) & 15;
    out[at + i] = dl * ((low | (pair(b, from + 128, i) << 4)) - 32);
  }
};
const POWERS = [1, 3, 9, 27, 81];
/** Digits of base 3, five a byte: multiplied up within 8 bits, the top one is read. */
const trit = (value: number, digit: number): number => ((((value * (POWERS[digit] as number)) & 255) * 3) >> 8) - 1;
const tq1_0: Decode = (b, from, out, at) => {
  const d = half(b, from + 52);
  for (let i = 0; i < 160; i++) out[at + i] = d * trit(byte(b, from + (i & 31)), i >> 5);
  for (let i = 0; i < 80; i++) out[at + 160 + i] = d * trit(byte(b, from + 32 + (i & 15)), i >> 4);
  for (let i = 0; i < 16; i++) out[at + 240 + i] = d * trit(byte(b, from + 48 + (i & 3)), i >> 2);
};
const tq2_0: Decode = (b, from, out, at) => {
  const d = half(b, from + 64);
  for (let i = 0; i < 256; i++) out[at + i] = d * (pair(b, from, i) - 1);
};
const E2M1_DOUBLED = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
const mxfp4: Decode = (b, from, out, at) => {
  // Half of 2^(e - 127), as the values are doubled.
  const d = 2 ** (byte(b, from) - 128);
  for (let i = 0; i < 32; i++) out[at + i] = d * (E2M1_DOUBLED[nibble(b, from + 1, i)] as number);
};
const IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
const iq4_nl: Decode = (b, from, out, at) => {
  const d = half(b, from);
  for (let i = 0; i < 32; i++) out[at + i] = d * (IQ4[nibble(b, from + 2, i)] as number);
};
const iq4_xs: Decode = (b, from, out, at) => {
  const d = half(b, from);
  const highs = byte(b, from + 2) | (byte(b, from + 3) << 8);
  for (let group = 0; group < 8; group++) {
    const low = (byte(b, from + 4 + (group >> 1)) >> ((group & 1) * 4)) & 15;
    const dl = fround(d * ((low | (((highs >> (2 * group)) & 3) << 4)) - 32));
    for (let i = 0; i < 32; i++) out[at + group * 32 + i] = dl * (IQ4[nibble(b, from + 8 + group * 16, i)] as number);
  }
};

const of = (name: string, weights: number, bytes: number, bits: number, decode: Decode | null = null): GgmlType => ({
  ...{ name, weights, bytes, bits, decode },
});
/** By ggml's number of the type; those that are plain numbers have names of ours. */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, of('F32', 1, 4, 32)],
  [1, of('F16', 1, 2, 16)],
  [2, of('Q4_0', 32, 18, 4, q4_0)],
  [3, of('Q4_1', 32, 20, 4, q4_1)],
  [6, of('Q5_0', 32, 22, 5, q5_0)],
  [7, of('Q5_1', 32, 24, 5, q5_1)],
  [8, of('Q8_0', 32, 34, 8, q8_0)],
  [9, of('Q8_1', 32, 36, 8)],
  [10, of('Q2_K', 256, 84, 2, q2_k)],
  [11, of('Q3_K', 256, 110, 3, q3_k)],
  [12, of('Q4_K', 256, 144, 4, q45_k(false))],
  [13, of('Q5_K', 256, 176, 5, q45_k(true))],
  [14, of('Q6_K', 256, 210, 6, q6_k)],
  [15, of('Q8_K', 256, 292, 8)],
  [16, of('IQ2_XXS', 256, 66, 2)],
  [17, of('IQ2_XS', 256, 74, 2)],
  [18, of('IQ3_XXS', 256, 98, 3)],
  [19, of('IQ1_S', 256, 50, 1)],
  [20, of('IQ4_NL', 32, 18, 4, iq4_nl)],
  [21, of('IQ3_S', 256, 110, 3)],
  [22, of('IQ2_S', 256, 82, 2)],
  [23, of('IQ4_XS', 256, 136, 4, iq4_xs)],
  [24, of('I8', 1, 1, 8)],
  [25, of('I16', 1, 2, 16)],
  [26, of('I32', 1, 4, 32)],
  [27, of('I64', 1, 8, 64)],
  [28, of('F64', 1, 8, 64)],
  [29, of('IQ1_M', 256, 56, 1)],
  [30, of('BF16', 1, 2, 16)],
  [34, of('TQ1_0', 256, 54, 1, tq1_0)],
  [35, of('TQ2_0', 256, 66, 2, tq2_0)],
  [39, of('MXFP4', 32, 17, 4, mxfp4)],
  [40, of('NVFP4', 64, 36, 4)],
]);

const BLOCKS: ReadonlyMap<string, GgmlType> = new Map(
  [...GGML_TYPES.values()].filter(({ weights }) => weights > 1).map((type) => [type.name, type]),
);
/** A type of blocks by its name; undefined for plain numbers. */
export function ggmlBlocks(name: string): GgmlType | undefined {
  return BLOCKS.get(name);
}
