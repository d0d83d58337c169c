/** Raw words to float32 on the device, bit by bit: types, differences, scales, transposing, padding, pieces. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCodes } from '../../../../src/numbers/index.ts';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { createMatrix } from '../../../../src/linalg/webgpu/matrix.ts';
import { upload } from '../../../../src/linalg/webgpu/upload.ts';
import { absMax, type DeviceType, ScaleSlots, unpack, type UnpackMode } from '../../../../src/linalg/webgpu/unpack.ts';
import { encode, gaussian } from '../../matrices.ts';
import { openTestDevice, type TestDevice } from './device.ts';

let held: TestDevice;
let context: GpuContext;
/** The same device with tiles of 4 KiB. */
let tiled: GpuContext;

beforeAll(async () => {
  held = await openTestDevice();
  context = createGpuContext(held.device, { memoryCap: 2 ** 28 });
  tiled = createGpuContext(held.device, { memoryCap: 2 ** 28, bindingLimit: 2 ** 14 });
});
afterAll(async () => {
  context?.dispose();
  tiled?.dispose();
  held?.device.destroy();
  await held?.device.lost;
});

interface Case {
  rows: number;
  columns: number;
  base: [DeviceType, Uint8Array];
  tuned?: [DeviceType, Uint8Array];
  mode?: UnpackMode;
  transpose?: boolean;
  exponent?: number | 'found';
  on?: GpuContext;
}

/** The padded result, and the exponent that absMax found. */
async function run(test: Case): Promise<{ values: Float32Array; ld: number; rows: number; exponent: number }> {
  const { rows, columns, base, tuned, mode = 'base', transpose = false, exponent = 0, on = context } = test;
  const words = [await upload(on, base[1]), ...(tuned ? [await upload(on, tuned[1])] : [])];
  const side = (i: number, type: DeviceType | undefined): { words: (typeof words)[0]; type: DeviceType } | null =>
    words[i] && type ? { words: words[i], type } : null;
  const pair = {
    ...{ rows, columns, base: side(0, base[0]), tuned: side(1, tuned?.[0]) },
  };
  const out = await createMatrix(on, 'out', transpose ? columns : rows, transpose ? rows : columns);
  const slots = await ScaleSlots.create(on, 3);
  await absMax(on, pair, mode, slots, 1);
  await unpack(on, pair, mode, out, exponent === 'found' ? { slots, slot: 1 } : { exponent }, transpose);
  const found = await slots.exponents();
  expect([found[0], found[2]]).toEqual([0, 0]);
  const values = new Float32Array(await on.read(out.buffer, 0, out.rows * out.ld * 4));
  for (const { buffer } of [...words, out]) on.pool.release(buffer);
  slots.destroy();
  return { values, ld: out.ld, rows: out.rows, exponent: found[1] ?? NaN };
}

/** Every element of the padded result. */
function expectAll(
  found: { values: Float32Array; ld: number; rows: number },
  at: (r: number, c: number) => number,
): void {
  const { values, ld, rows } = found;
  expect(values.length).toBe(rows * ld);
  const wrong: string[] = [];
  for (let i = 0; i < values.length; i++) {
    const wanted = at(Math.floor(i / ld), i % ld);
    if (!Object.is(values[i], wanted)) wrong.push(`[${Math.floor(i / ld)}, ${i % ld}] is ${values[i]}, not ${wanted}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}
const inside = (values: Float64Array, rows: number, columns: number) => (r: number, c: number) =>
  r < rows && c < columns ? Math.fround(values[r * columns + c] ?? NaN) : 0;

/** All 65536 codes, but those that mean NaN or infinity. */
const finiteCodes = (exponentMask: number): Uint8Array =>
  new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => ((i & exponentMask) === exponentMask ? 0 : i)).buffer);

describe('unpack', () => {
  it('every f16 code', async () => {
    const codes = finiteCodes(0x7c00);
    expectAll(
      await run({ rows: 256, columns: 256, base: ['F16', codes] }),
      inside(decodeCodes('F16', codes), 256, 256),
    );
  });

  it('every bf16 code, subnormal ones under a scale', async () => {
    const codes = finiteCodes(0x7f80);
    const values = decodeCodes('BF16', codes);
    const scaled = values.map((x) => (Math.abs(x) < 2 ** 27 ? x * 2 ** 100 : 0));
    const kept = new Uint8Array(
      Uint16Array.from(new Uint16Array(codes.buffer), (code, i) => (scaled[i] === 0 ? 0 : code)).buffer,
    );
    const wanted = decodeCodes('BF16', kept).map((x) => x * 2 ** 100);
    expectAll(await run({ rows: 256, columns: 256, base: ['BF16', kept], exponent: 100 }), inside(wanted, 256, 256));
  });

  for (const transpose of [false, true]) {
    for (const on of ['whole', 'in pieces'] as const) {
      it(`odd shape, ${on}${transpose ? ', transposed' : ''}`, async () => {
        const codes = encode('BF16', gaussian(201, 77, 3));
        const values = inside(decodeCodes('BF16', codes), 201, 77);
        const test: Case = {
          rows: 201,
          columns: 77,
          base: ['BF16', codes],
          transpose,
          on: on === 'whole' ? context : tiled,
        };
        expectAll(await run(test), transpose ? (r, c) => values(c, r) : values);
      });
    }
  }

  it('finds the scale', async () => {
    for (const [type, size, wanted] of [
      ['BF16', 2 ** -130, 130],
      ['BF16', 1.5 * 2 ** 127, -127],
      ['F16', 2 ** -24, 24],
      ['F16', 65504, -15],
      ['F32', 3 * 2 ** -149, 148],
      ['F32', 1, 0],
    ] as const) {
      const values = gaussian(60, 35, 5).map((x, i) =>
        i === 1234 ? -size : Math.max(-1, Math.min(1, x)) * size * 0.4,
      );
      const codes = encode(type, values);
      const found = await run({ rows: 60, columns: 35, base: [type, codes], exponent: 'found' });
      expect(found.exponent).toBe(wanted);
      expectAll(
        found,
        inside(
          decodeCodes(type, codes).map((x) => x * 2 ** wanted),
          60,
          35,
        ),
      );
    }
  });

  it('finds the scale of a difference, tiny beside weights that stay', async () => {
    const a = Float64Array.from(gaussian(64, 33, 6), (x, i) => (i === 5 ? 2 ** 100 : x * 2 ** -100));
    const b = a.map((x, i) => (i % 7 === 0 ? x * (1 + 2 ** -20) : x));
    const [base, tuned] = [encode('F32', a), encode('F32', b)];
    const [w0, w1] = [decodeCodes('F32', base), decodeCodes('F32', tuned)];
    const d = w1.map((x, i) => x - (w0[i] ?? 0));
    const most = d.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const wanted = -Math.floor(Math.log2(most));
    for (const on of [context, tiled]) {
      const pair: Case = { rows: 64, columns: 33, base: ['F32', base], tuned: ['F32', tuned], mode: 'difference', on };
      const found = await run({ ...pair, exponent: 'found' });
      expect(found.exponent).toBe(wanted);
      expectAll(
        found,
        inside(
          d.map((x) => x * 2 ** wanted),
          64,
          33,
        ),
      );
    }
  });
});
