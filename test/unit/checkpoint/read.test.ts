import { describe, expect, it } from 'vitest';
import {
  flatWeight,
  matricesOf,
  matrixViews,
  openCheckpoint,
  readChunks,
  readMatrix,
  StoredWeight,
  type Area,
  type Weight,
} from '../../../src/checkpoint/index.ts';
import type { Checkpoint, MatrixView } from '../../../src/checkpoint/types.ts';
import { decodeFloats, numberType } from '../../../src/numbers/index.ts';
import type { ModelConfig, TensorRow } from '../../../src/protocol/engine.ts';
import { safetensors } from '../formats/build.ts';
import { config, temporaryFolder } from './folder.ts';

/** Bytes without a pattern, NaN codes among them; the same every time. */
function noise(length: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16);
}
async function opened(
  name: string,
  dtype: string,
  shape: number[],
): Promise<{ checkpoint: Checkpoint; tensor: TensorRow; data: Uint8Array }> {
  const folder = temporaryFolder();
  const data = noise((shape.reduce((a, b) => a * b, 1) * (numberType(dtype)?.bits ?? 0)) / 8);
  // An odd header length: the data is aligned to nothing.
  const bytes = safetensors(
    { first: { dtype: 'U8', shape: [3], data: noise(3) }, [name]: { dtype, shape, data } },
    undefined,
    1,
  );
  const checkpoint = await openCheckpoint(folder.write('x.safetensors', bytes));
  return { checkpoint, tensor: checkpoint.tensors.get(name) as TensorRow, data };
}
/** The codes of a view, element by element from the definition. */
function expectedCodes(data: Uint8Array, width: number, view: MatrixView): Uint8Array {
  const result = new Uint8Array(view.rows * view.columns * width);
  for (let i = 0; i < view.rows; i++) {
    const row = view.rowBlock
      ? Math.floor(i / view.rowBlock.size) * view.rowBlock.stride + (i % view.rowBlock.size) * view.rowStride
      : i * view.rowStride;
    for (let j = 0; j < view.columns; j++) {
      const from = (view.start + row + j * view.columnStride) * width;
      result.set(data.subarray(from, from + width), (i * view.columns + j) * width);
    }
  }
  return result;
}
async function chunksOf(
  weight: Weight,
  weights: number,
  area?: Area,
): Promise<{ sizes: number[]; firsts: number[]; bytes: Uint8Array }> {
  const parts: Uint8Array[] = [];
  const firsts: number[] = [];
  for await (const { first, data } of readChunks(weight, { weights, ...(area ? { area } : {}) })) {
    parts.push(data.slice());
    firsts.push(first);
  }
  return {
    sizes: parts.map((part) => part.length),
    firsts,
    bytes: Uint8Array.from(parts.flatMap((part) => [...part])),
  };
}

const neox = config({ modelType: 'gpt_neox', attentionHeads: 2, keyValueHeads: 2, headDim: 3 });
const oss = config({ modelType: 'gpt_oss', hiddenSize: 4 });
const CASES: [string, string, number[], ModelConfig | null][] = [
  ['a plain matrix', 'model.layers.0.mlp.up_proj.weight', [70, 45], null],
  ['halves', 'model.layers.0.mlp.gate_up_proj.weight', [10, 7], null],
  ['Conv1D parts', 'h.0.attn.c_attn.weight', [37, 111], null],
  ['NeoX parts', 'gpt_neox.layers.0.attention.query_key_value.weight', [18, 6], neox],
  ['gpt-oss experts', 'model.layers.0.mlp.experts.gate_up_proj', [3, 4, 10], oss],
  ['one column', 'model.layers.0.a.weight', [9, 1], null],
  ['one row', 'model.layers.0.a.weight', [1, 9], null],
];

describe.each(CASES)('%s', (_, name, shape, model) => {
  it.each(['BF16', 'F32', 'F64'])('in %s: whole and in chunks of any size', async (dtype) => {
    const { checkpoint, tensor, data } = await opened(name, dtype, shape);
    const width = (numberType(dtype)?.bits ?? 0) / 8;
    for (const view of matrixViews(tensor, model)) {
      const expected = expectedCodes(data, width, view);
      const weight = new StoredWeight(checkpoint, tensor, view);
      const matrix = await readMatrix(weight);
      expect(matrix.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect([...matrix]).toEqual([...expected]);
      for (const weights of [1, view.columns, 2 * view.columns + 1, 1e6]) {
        const chunks = await chunksOf(weight, weights);
        expect([...chunks.bytes]).toEqual([...expected]);
        if (view.rows > 1) expect(chunks.firsts.every((first) => first % view.columns === 0)).toBe(true);
        expect(Math.max(...chunks.sizes)).toBeLessThanOrEqual(
          Math.max(weights, view.rows > 1 ? view.columns : 1) * width,
        );
      }
    }
    await checkpoint.close();
  });
});

/** Rows and columns of an area, cut out of the whole. */
function cut(whole: Uint8Array, width: number, columns: number, area: Area): Uint8Array {
  const parts: number[] = [];
  for (let i = area.rows[0]; i < area.rows[1]; i++)
    parts.push(...whole.subarray((i * columns + area.columns[0]) * width, (i * columns + area.columns[1]) * width));
  return Uint8Array.from(parts);
}

describe.each([...CASES, ['F8', 'model.layers.0.a.weight', [13, 17], null] as const])(
  'an area of %s',
  (kind, name, shape, model) => {
    it('in row-major order, at one go and in chunks', async () => {
      const { checkpoint, tensor } = await opened(name, kind === 'F8' ? 'F8_E4M3' : 'BF16', [...shape]);
      for (const view of matrixViews(tensor, model)) {
        const weight = new StoredWeight(checkpoint, tensor, view);
        const width = kind === 'F8' ? 4 : 2;
        const whole = await readMatrix(weight);
        const { rows, columns } = weight;
        const areas: Area[] = [
          { rows: [0, 1], columns: [0, columns] },
          { rows: [rows - 1, rows], columns: [columns >> 1, columns] },
          { rows: [rows >> 2, rows], columns: [columns >> 2, (columns >> 1) + 1] },
          { rows: [0, rows], columns: [columns - 1, columns] },
        ];
        for (const area of areas) {
          const expected = cut(whole, width, columns, area);
          const target = new Uint8Array(expected.length);
          await weight.readRows(area, target);
          expect(target).toEqual(expected);
          for (const weights of [1, 7, 1e6]) expect((await chunksOf(weight, weights, area)).bytes).toEqual(expected);
        }
      }
      await checkpoint.close();
    });
  },
);

describe('reading', () => {
  it('decodes F8 to F32, whole and in chunks', async () => {
    for (const dtype of ['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ']) {
      const { checkpoint, tensor, data } = await opened('model.layers.0.a.weight', dtype, [16, 17]);
      const weight = matricesOf(checkpoint, tensor)[0] as Weight;
      const expected = new Uint8Array(decodeFloats(dtype, data).buffer);
      expect(await readMatrix(weight)).toEqual(expected);
      expect((await chunksOf(weight, 40)).bytes).toEqual(expected);
      await checkpoint.close();
    }
  });
  it('cuts a flat view into pieces of the asked size, equal for all types', async () => {
    const sizes: number[][] = [];
    for (const dtype of ['BF16', 'F64', 'F8_E4M3']) {
      const { checkpoint, tensor } = await opened('a', dtype, [4, 5, 5]);
      sizes.push((await chunksOf(flatWeight(checkpoint, tensor), 30)).firsts);
      await checkpoint.close();
    }
    expect(sizes).toEqual([
      [0, 30, 60, 90],
      [0, 30, 60, 90],
      [0, 30, 60, 90],
    ]);
  });
  it('gives nothing for nothing', async () => {
    const { checkpoint, tensor } = await opened('a', 'F32', [0, 5]);
    expect((await chunksOf(matricesOf(checkpoint, tensor)[0] as Weight, 10)).sizes).toEqual([]);
    await checkpoint.close();
  });
  it('stops when it is cancelled, and can be left early', async () => {
    const { checkpoint, tensor } = await opened('model.layers.0.a.weight', 'BF16', [50, 50]);
    const weight = matricesOf(checkpoint, tensor)[0] as Weight;
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const chunk of readChunks(weight, { weights: 50, signal: controller.signal })) {
        if (chunk.first >= 500) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    for await (const chunk of readChunks(weight, { weights: 50 })) if (chunk.first >= 500) break;
    await checkpoint.close();
    await expect(readMatrix(weight)).rejects.toMatchObject({ code: 'cancelled' });
  });
  it('refuses packed types', async () => {
    const { checkpoint, tensor } = await opened('a', 'F4', [4, 4]);
    await expect(readMatrix(flatWeight(checkpoint, tensor))).rejects.toThrow(
      /"a" of type F4 cannot be read as numbers/,
    );
    await checkpoint.close();
  });
});
