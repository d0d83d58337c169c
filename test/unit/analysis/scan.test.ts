import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { openCheckpoint, readMatrix, wholeWeight } from '../../../src/checkpoint/index.ts';
import type { DigestEvent, Finding, ScanCoverage, ScanEvent } from '../../../src/protocol/health.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { f32, safetensors, type Entry } from '../formats/build.ts';

let analysis: Analysis;
const folder = temporaryFolder();
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function scan(path: string): Promise<{ findings: Finding[]; coverage: ScanCoverage; events: ScanEvent[] }> {
  const events: ScanEvent[] = [];
  for await (const event of analysis.scan({ path }, new AbortController().signal)) events.push(event);
  const last = events.at(-1);
  if (last?.type !== 'coverage') throw new Error('no coverage at the end');
  const findings = events.flatMap((event) => (event.type === 'finding' ? [event.finding] : []));
  return { findings, coverage: last.coverage, events };
}
let files = 0;
async function findingsIn(tensors: Record<string, Entry>): Promise<Finding[]> {
  const path = folder.write(`${++files}.safetensors`, safetensors(tensors));
  return (await scan(path)).findings;
}
const codes = (found: readonly Finding[]): string[] => found.map((f) => `${f.severity} ${f.code} ${f.tensor}`).sort();

/** Values of no pattern in [-1, 1], the same for the same seed. */
function noise(count: number, seed: number): number[] {
  let state = seed * 2654435761 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * 0.9 + 0.01;
  });
}
const entry = (shape: number[], values: number[]): Entry => ({ dtype: 'F32', shape, data: f32(...values) });
const entry16 = (dtype: 'BF16' | 'F16', shape: number[], values: number[]): Entry => ({
  dtype,
  shape,
  data: new Uint8Array(Uint16Array.from(values).buffer),
});

describe('rules on one tensor', () => {
  it('is silent on a clean one', async () => {
    expect(await findingsIn({ 'layers.0.q.weight': entry([16, 16], noise(256, 1)) })).toEqual([]);
  });
  it('finds NaN and infinities with their count and first index', async () => {
    const values = noise(256, 2);
    values[3 * 16 + 5] = NaN;
    values[200] = NaN;
    values[17] = -Infinity;
    const found = await findingsIn({ 'layers.0.q.weight': entry([16, 16], values) });
    expect(codes(found)).toEqual(['error infinite layers.0.q.weight', 'error nan layers.0.q.weight']);
    expect(found.find(({ code }) => code === 'nan')).toMatchObject({ index: [3, 5] });
    expect(found.find(({ code }) => code === 'nan')?.message).toContain('2 NaN in 256 weights, the first at [3, 5]');
    expect(found.find(({ code }) => code === 'infinite')?.index).toEqual([1, 1]);
  });
  it('takes the infinities of a mask for what they are', async () => {
    const found = await findingsIn({ 'h.0.attn.bias': entry([1, 1, 4, 4], [0, -Infinity, ...noise(14, 3)]) });
    expect(codes(found)).toEqual(['info infinite h.0.attn.bias']);
  });
  it('finds tensors of one value, and forgives what starts so', async () => {
    const found = await findingsIn({
      'layers.0.a.weight': entry([8, 8], Array<number>(64).fill(0)),
      'layers.0.b.weight': entry([8, 8], Array<number>(64).fill(0.5)),
      'layers.0.input_layernorm.weight': entry([8], Array<number>(8).fill(1)),
      'layers.0.a.bias': entry([8], Array<number>(8).fill(0)),
      'layers.0.q.lora_B.weight': entry([8, 2], Array<number>(16).fill(0)),
      scalar: entry([1], [3]),
    });
    expect(codes(found).filter((code) => !code.includes('adapter'))).toEqual([
      'info all-zero layers.0.a.bias',
      'info all-zero layers.0.q.lora_B.weight',
      'info constant layers.0.input_layernorm.weight',
      'warning all-zero layers.0.a.weight',
      'warning constant layers.0.b.weight',
    ]);
  });
  it('finds dead rows and columns, in stacks with their matrix, and padding in an embedding', async () => {
    const matrix = noise(16 * 12, 4);
    for (let i = 0; i < 16; i++) matrix[i * 12 + 7] = 0;
    for (let j = 0; j < 12; j++) matrix[2 * 12 + j] = 0;
    const stack = noise(3 * 16 * 8, 5);
    for (let j = 0; j < 8; j++) stack[(2 * 16 + 9) * 8 + j] = 0;
    const embedding = noise(16 * 8, 6);
    for (let j = 0; j < 8; j++) embedding[15 * 8 + j] = 0;
    const found = await findingsIn({
      'layers.0.q.weight': entry([16, 12], matrix),
      'layers.0.mlp.experts.up_proj': entry([3, 16, 8], stack),
      'embed_tokens.weight': entry([16, 8], embedding),
    });
    expect(codes(found)).toEqual([
      'info dead-rows embed_tokens.weight',
      'warning dead-columns layers.0.q.weight',
      'warning dead-rows layers.0.mlp.experts.up_proj',
      'warning dead-rows layers.0.q.weight',
    ]);
    const by = (code: string, tensor: string): Finding | undefined =>
      found.find((f) => f.code === code && f.tensor === tensor);
    expect(by('dead-columns', 'layers.0.q.weight')?.index).toEqual([0, 7]);
    expect(by('dead-rows', 'layers.0.q.weight')?.message).toContain('1 of 16 rows');
    expect(by('dead-rows', 'layers.0.mlp.experts.up_proj')?.index).toEqual([2, 9, 0]);
    expect(by('dead-rows', 'layers.0.mlp.experts.up_proj')?.message).toContain('9 of matrix 2');
  });
  it('tells fp16 overflow from a near one, exactly at the rounding boundary', async () => {
    const with_ = (x: number): Entry => entry([4, 4], [...noise(15, 7), x]);
    const found = await findingsIn({
      over: with_(-65520),
      below: with_(65519.99),
      near: with_(32753),
      far: with_(32752),
    });
    expect(codes(found)).toEqual([
      'info fp16-near-overflow below',
      'info fp16-near-overflow near',
      'warning fp16-overflow over',
    ]);
    expect(found.find(({ code }) => code === 'fp16-overflow')?.index).toEqual([3, 3]);
    // the largest F16 itself
    expect(
      codes(
        await findingsIn({
          f16: entry16('F16', [4, 4], [...Array.from({ length: 15 }, (_, i) => 0x3c00 + i), 0x7bff]),
        }),
      ),
    ).toEqual(['info fp16-near-overflow f16']);
  });
  it('reports a share of subnormals only above the threshold', async () => {
    const half = (subnormal: number): Entry =>
      entry16(
        'F16',
        [10, 10],
        Array.from({ length: 100 }, (_, i) => (i < subnormal ? 1 + i : 0x2000 + i)),
      );
    expect(codes(await findingsIn({ a: half(10) }))).toEqual([]);
    expect(codes(await findingsIn({ a: half(11) }))).toEqual(['info subnormal a']);
    expect(codes(await findingsIn({ a: half(51) }))).toEqual(['warning subnormal a']);
  });
  it('reads every floating type', async () => {
    const found = await findingsIn({
      f64: { dtype: 'F64', shape: [2, 4], data: new Uint8Array(Float64Array.from([1, 2, 3, 4, 5, 6, NaN, 8]).buffer) },
      bf16: entry16(
        'BF16',
        [2, 4],
        [1, 2, 3, 4, 5, 0x7f80, 7, 8].map((c) => c + (c < 9 ? 0x3f80 : 0)),
      ),
      f8: { dtype: 'F8_E4M3', shape: [2, 4], data: Uint8Array.from([1, 2, 3, 0x7f, 5, 6, 7, 8]) },
    });
    expect(codes(found)).toEqual(['error infinite bf16', 'error nan f64', 'error nan f8']);
    expect(found.map(({ index }) => index)).toEqual(
      expect.arrayContaining([
        [1, 2],
        [1, 1],
        [0, 3],
      ]),
    );
  });
});

describe('rules on several tensors', () => {
  it('finds copies and names tied weights', async () => {
    const shared = noise(96, 8);
    const found = await findingsIn({
      'model.embed_tokens.weight': entry([12, 8], shared),
      'lm_head.weight': entry([12, 8], shared),
      'model.layers.0.q.weight': entry([8, 8], noise(64, 9)),
      'model.layers.1.q.weight': entry([8, 8], noise(64, 9)),
      'model.layers.2.q.weight': entry([8, 8], [...noise(63, 9), 0.25]),
      'packed.0.qweight': { dtype: 'I32', shape: [4, 4], data: f32(...noise(16, 10)) },
      'packed.1.qweight': { dtype: 'I32', shape: [4, 4], data: f32(...noise(16, 10)) },
    });
    expect(codes(found)).toEqual([
      'info tied-weights model.embed_tokens.weight',
      'warning duplicate model.layers.0.q.weight',
      'warning duplicate packed.0.qweight',
    ]);
    expect(found.find(({ code }) => code === 'tied-weights')?.related).toEqual(['lm_head.weight']);
    expect(found.find(({ tensor }) => tensor?.includes('layers.0'))?.related).toEqual(['model.layers.1.q.weight']);
  });
  it('finds the layer whose scale stands apart', async () => {
    const tensors: Record<string, Entry> = {};
    for (let layer = 0; layer < 8; layer++)
      tensors[`model.layers.${layer}.mlp.up_proj.weight`] = entry(
        [8, 8],
        noise(64, 20 + layer).map((x) => (layer === 5 ? 32 * x : x)),
      );
    const found = await findingsIn(tensors);
    expect(codes(found)).toEqual(['warning scale-outlier model.layers.5.mlp.up_proj.weight']);
    expect(found[0]?.message).toMatch(/times the median of its 8 siblings \(robust z/);
  });
  it('lists missing shards, and tensors outside the map', async () => {
    folder.write(
      'sharded/model-00001-of-00002.safetensors',
      safetensors({ a: entry([8, 8], noise(64, 30)), stray: entry([8, 8], noise(64, 31)) }),
    );
    const path = folder.write('sharded/model.safetensors.index.json', {
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    });
    const { findings, coverage } = await scan(path);
    expect(findings.map(({ code }) => code).sort()).toEqual(['shards-missing', 'tensor-not-in-index']);
    expect(coverage.notScanned).toEqual([{ reason: 'in missing shards', tensors: 1 }]);
    expect(coverage.scanned).toBe(2);
  });
});

describe('a scan as a stream', () => {
  it.each(['base', 'rl', 'rl-hot', 'sft', 'rl-steps/step-100'])('finds nothing in the sample %s', async (sample) => {
    const { findings, coverage, events } = await scan(`media/samples/${sample}`);
    expect(findings).toEqual([]);
    expect(coverage).toMatchObject({ scanned: 57, notScanned: [] });
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress[0]).toMatchObject({ done: 0 });
    expect(progress.at(-1)).toMatchObject({ done: coverage.scannedBytes, total: coverage.scannedBytes });
  });
  it('finds of the adapter what is truly there', async () => {
    const { findings } = await scan('media/samples/rl-lora');
    expect(codes(findings)).toEqual([
      'info adapter undefined',
      'info scale-outlier base_model.model.model.layers.5.self_attn.v_proj.lora_B.weight',
    ]);
  });
  it('ends with `cancelled` in the middle', async () => {
    const values = new Float32Array(24 * 1024 * 1024);
    for (let i = 0; i < values.length; i++) values[i] = (i % 1013) - 500;
    const data = new Uint8Array(values.buffer);
    const path = folder.write('large.safetensors', safetensors({ a: { dtype: 'F32', shape: [6144, 4096], data } }));
    const abort = new AbortController();
    let done = 0;
    const run = (async () => {
      for await (const event of analysis.scan({ path }, abort.signal)) {
        if (event.type === 'progress') ({ done } = event);
        // while the next piece is read
        setImmediate(() => abort.abort());
      }
    })();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(done).toBeLessThan(data.length / 2);
  });
});

describe('digests', () => {
  it('of a quantised weight are of its values, so that codes of other scales are told apart from it', async () => {
    const path = 'test/fixtures/quantised/gptq';
    const checkpoint = await openCheckpoint(path);
    const row = [...checkpoint.tensors.values()].find(({ quantised }) => quantised);
    const weight = wholeWeight(checkpoint, row as NonNullable<typeof row>);
    const values = await readMatrix(weight);
    await checkpoint.close();
    const [digest] = (await digests({ path, files: false, tensors: [weight.tensor] })).flatMap((event) =>
      event.type === 'digest' ? [event.digest] : [],
    );
    expect(digest).toEqual({
      of: 'tensor',
      name: weight.tensor,
      sizeBytes: values.length,
      sha256: createHash('sha256').update(values).digest('hex'),
    });
  });

  async function digests(params: Parameters<Analysis['digest']>[0]): Promise<DigestEvent[]> {
    const events: DigestEvent[] = [];
    for await (const event of analysis.digest(params, new AbortController().signal)) events.push(event);
    return events;
  }
  it('are those of the bytes on disk', async () => {
    const path = 'media/samples/base/model.safetensors';
    const bytes = readFileSync(path);
    const events = await digests({ path, files: true, tensors: ['model.norm.weight', 'absent'] });
    const found = events.flatMap((event) => (event.type === 'digest' ? [event.digest] : []));
    const facts = await analysis.open({ path });
    const row = facts.tensors.find(({ name }) => name === 'model.norm.weight');
    const start = row?.offset ?? NaN;
    const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    expect(found).toEqual([
      { of: 'file', name: 'model.safetensors', sizeBytes: bytes.length, sha256: sha256(bytes) },
      {
        of: 'tensor',
        name: 'model.norm.weight',
        sizeBytes: 256,
        sha256: sha256(bytes.subarray(start, start + 256)),
      },
    ]);
    expect(events.find((event) => event.type === 'failed')).toMatchObject({ name: 'absent' });
  });
});
