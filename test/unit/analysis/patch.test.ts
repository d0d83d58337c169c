/** What changed as a file, and the tuned checkpoint made from it: the same bits in every type, across layouts, or nothing at all. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { applyPatch } from '../../../src/analysis/patch/apply.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { numberType, typeNames } from '../../../src/numbers/index.ts';
import type { DiffPlan, PatchRecipe } from '../../../src/protocol/patch.ts';
import { verifyResult, type VerifyEvent } from '../../../src/protocol/verify.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { bf16Maker, codes16, safetensors, type Entry } from '../formats/build.ts';

let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());
const folder = temporaryFolder();
type Model = Record<string, Entry>;
const signal = new AbortController().signal;
let written = 0;
const place = (model: Model | string, name: string, metadata?: Record<string, string>): string =>
  typeof model === 'string' ? model : folder.write(join(String(written++), name), safetensors(model, metadata));
const fresh = (name: string): string => join(dirname(folder.write(join(String(written++), 'x'), '')), name);

async function diff(base: string, tuned: string): Promise<{ patch: string; plan: DiffPlan }> {
  const patch = fresh('patch.safetensors');
  let plan: DiffPlan | undefined;
  for await (const event of analysis.diff({ base, tuned, destination: patch }, signal))
    if (event.type === 'plan') ({ plan } = event);
  if (!plan) throw new Error('no plan');
  expect(statSync(patch).size).toBe(plan.patchBytes);
  return { patch, plan };
}
async function apply(base: string, patch: string): Promise<string> {
  const destination = fresh('out.safetensors');
  for await (const event of analysis.applyPatch({ base, patch, destination }, signal)) void event;
  return destination;
}
/** Names, types, shapes and bytes of a file of ours. */
async function contents(path: string): Promise<Map<string, string>> {
  const checkpoint = await openCheckpoint(path);
  const all = new Map<string, string>();
  for (const row of checkpoint.tensors.values()) {
    const data = new Uint8Array(row.sizeBytes);
    await checkpoint.read(row, 0, data);
    all.set(row.name, `${row.dtype} [${row.shape.join()}] ${Buffer.from(data).toString('hex')}`);
  }
  await checkpoint.close();
  return new Map([...all].sort());
}
/** There and back: the same tensors with the same bits. */
async function roundTrip(base: Model | string, tuned: Model | string): Promise<DiffPlan> {
  const [from, to] = [place(base, 'base.safetensors'), place(tuned, 'tuned.safetensors')];
  const { patch, plan } = await diff(from, to);
  expect(await contents(await apply(from, patch))).toEqual(await contents(to));
  return plan;
}
const recipeIn = (patch: string): PatchRecipe => {
  const file = readFileSync(patch);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as { __metadata__: Record<string, string> };
  return JSON.parse(header.__metadata__['offaxis.patch'] ?? '') as PatchRecipe;
};

describe('there and back', () => {
  it.each(typeNames())('%s: every bit, of few changes and of many', async (dtype) => {
    const bits = numberType(dtype)?.bits ?? 8;
    // all bytes: NaN payloads, -0, infinities, whatever a type makes of them
    const data = Uint8Array.from({ length: 768 }, (_, i) => (i * 37 + (i >> 8)) & 255);
    const of = (bytes: Uint8Array): Model => ({
      'a.weight': { dtype, shape: [(bytes.length * 8) / bits], data: bytes },
    });
    const few = data.slice();
    for (const at of [0, 8, 401, 767]) few[at] = (few[at] as number) ^ 0x80;
    const plan = await roundTrip(of(data), of(few));
    expect(plan.tensors).toEqual({ unchanged: 0, sparse: 1, whole: 0 });
    expect(plan.changed).toBe(4);
    const all = await roundTrip(of(data), of(data.map((byte) => byte ^ 1)));
    expect(all.tensors).toEqual({ unchanged: 0, sparse: 0, whole: 1 });
    expect((await roundTrip(of(data), of(data))).tensors).toEqual({ unchanged: 1, sparse: 0, whole: 0 });
  });
  it('NaN payloads and the sign of zero', async () => {
    const words = (...codes: number[]): Model => ({
      'a.weight': {
        dtype: 'F32',
        shape: [8],
        data: new Uint8Array(Uint32Array.from([...codes, 1, 2, 3, 4, 5]).buffer),
      },
    });
    const plan = await roundTrip(words(0x7fc00000, 0, 7), words(0x7fc00001, 0x80000000, 7));
    expect(plan).toMatchObject({ changed: 2, tensors: { sparse: 1 } });
  });
  it('only in one of them, another type, another shape, scalars, nothing in it', async () => {
    const bf16 = bf16Maker();
    const base: Model = {
      'a.weight': bf16(4, 4),
      'b.weight': bf16(4, 4),
      'c.weight': bf16(16),
      'gone.weight': bf16(3),
    };
    const empty: Entry = { dtype: 'F32', shape: [0, 4], data: new Uint8Array() };
    const tuned: Model = {
      'a.weight': { ...(base['a.weight'] as Entry), dtype: 'F16' },
      'b.weight': bf16(2, 8),
      'c.weight': base['c.weight'] as Entry,
      'new.weight': bf16(5),
      'scalar.weight': bf16(),
      'empty.weight': empty,
    };
    const plan = await roundTrip(base, tuned);
    expect(plan.tensors).toEqual({ unchanged: 1, sparse: 0, whole: 5 });
    expect(plan.removed).toEqual(['gone.weight']);
  });
  it("the tuned checkpoint's metadata, and each file of the patch aligned", async () => {
    const bf16 = bf16Maker();
    const u8 = (...bytes: number[]): Entry => ({ dtype: 'U8', shape: [bytes.length], data: Uint8Array.from(bytes) });
    const base = place({ 'a.weight': u8(...Array<number>(99).fill(1)), 'b.weight': bf16(64) }, 'base.safetensors');
    const values = codes16(64, 978);
    values[6] = 255;
    const tuned: Model = {
      'a.weight': u8(2, ...Array<number>(98).fill(1)),
      'b.weight': { dtype: 'BF16', shape: [64], data: values },
    };
    const { patch } = await diff(base, place(tuned, 'tuned.safetensors', { format: 'pt', note: 'π' }));
    const checkpoint = await openCheckpoint(patch);
    for (const row of checkpoint.tensors.values())
      expect((row.offset ?? 0) % ((numberType(row.dtype)?.bits ?? 8) / 8), row.name).toBe(0);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(
      ['a', 'b'].flatMap((name) => [`${name}.weight#indices`, `${name}.weight#values`]),
    );
    await checkpoint.close();
    const out = await openCheckpoint(await apply(base, patch));
    expect(out.facts.metadata).toEqual({ format: 'pt', note: 'π' });
    await out.close();
  });
  it('a sparse update of the sample family, and of quantised weights', async () => {
    const plan = await roundTrip(resolve('media/samples/base'), resolve('media/samples/rl'));
    expect(plan.compared).toBeGreaterThan(1e6);
    const path = resolve('test/fixtures/quantised/fp8-block');
    expect((await roundTrip(path, path)).tensors).toMatchObject({ sparse: 0, whole: 0 });
  });
});

describe('other layouts', () => {
  const bf16 = bf16Maker();
  const at = 'model.layers.0.self_attn';
  const split: Model = Object.fromEntries(['q', 'k', 'v'].map((part) => [`${at}.${part}_proj.weight`, bf16(8, 8)]));
  const fused: Model = {
    [`${at}.qkv_proj.weight`]: {
      dtype: 'BF16',
      shape: [24, 8],
      data: Buffer.concat(Object.values(split).map((one) => one.data)),
    },
  };
  const changed = (model: Model): Model =>
    Object.fromEntries(
      Object.entries(model).map(([name, one]) => {
        const data = Uint8Array.from(one.data);
        data[14] = (data[14] as number) ^ 3;
        return [name, { ...one, data }];
      }),
    );
  it('fused against split is as small as the same layout', async () => {
    expect(await roundTrip(fused, changed(split))).toMatchObject({ changed: 3, tensors: { sparse: 3, whole: 0 } });
    expect(await roundTrip(split, changed(fused))).toMatchObject({ changed: 1, tensors: { sparse: 1, whole: 0 } });
  });
  it.each(['gpt_neox', 'gpt_oss', 'mixtral', 'phimoe'])('%s, in both layouts of transformers 5', async (model) => {
    const place = (name: string): string => resolve('test/fixtures/layouts', model, name);
    for (const [base, tuned] of [
      ['original', 'tuned-runtime'],
      ['runtime', 'tuned-original'],
    ] as const)
      expect((await roundTrip(place(base), place(tuned))).compared).toBeGreaterThan(0);
  });
});

describe('what is refused', () => {
  const bf16 = bf16Maker();
  const model: Model = { 'a.weight': bf16(64), 'b.weight': bf16(64) };
  const with1 = (name: string): Model => {
    const data = Uint8Array.from(model[name]?.data ?? []);
    data[0] = (data[0] as number) ^ 1;
    return { ...model, [name]: { dtype: 'BF16', shape: [64], data } };
  };
  it('another base, by its hash, before anything is written', async () => {
    const { patch } = await diff(place(model, 'base.safetensors'), place(with1('a.weight'), 'tuned.safetensors'));
    const other = place(with1('b.weight'), 'other.safetensors');
    const destination = fresh('out.safetensors');
    const run = async (): Promise<void> => {
      for await (const event of analysis.applyPatch({ base: other, patch, destination }, signal))
        expect(event.type).toBe('progress');
    };
    await expect(run()).rejects.toThrow(/is not the base .*"b\.weight" has other bits/);
    expect(readdirSync(dirname(destination))).toEqual(['x']);
  });
  it('a file that is not a patch, and one whose values or recipe were changed', async () => {
    const base = place(model, 'base.safetensors');
    await expect(apply(base, base)).rejects.toThrow(/is not a patch/);
    const { patch } = await diff(base, place(with1('a.weight'), 'tuned.safetensors'));
    const bytes = readFileSync(patch);
    const flipped = Uint8Array.from(bytes);
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    await expect(apply(base, folder.write(`${written++}/p.safetensors`, flipped))).rejects.toThrow(
      /would not have the bits/,
    );
    const recipe = recipeIn(patch);
    const tampered = async (change: (recipe: PatchRecipe) => void): Promise<void> => {
      const copy = structuredClone(recipe);
      change(copy);
      const opened = await openCheckpoint(patch);
      const facts = { ...opened.facts, metadata: { 'offaxis.patch': JSON.stringify(copy) } };
      const source = await openCheckpoint(base);
      const destination = fresh('out.safetensors');
      try {
        const fake = Object.assign(Object.create(opened) as typeof opened, { facts });
        for await (const event of applyPatch(source, fake, destination, signal)) void event;
      } finally {
        await opened.close();
        await source.close();
        expect(readdirSync(dirname(destination))).toEqual(['x']);
      }
    };
    const view = { rows: 8, columns: 8, start: 1, rowStride: 8, columnStride: 1 };
    await expect(tampered(({ tensors: [one] }) => void (one!.from = [{ tensor: 'a.weight', view }]))).rejects.toThrow(
      /damaged/,
    );
    await expect(tampered(({ tensors: [one] }) => void (one!.changed = 2))).rejects.toThrow(/damaged/);
    await expect(tampered(({ tensors: [one] }) => void (one!.shape = [65]))).rejects.toThrow(/damaged/);
    await expect(tampered((one) => void (one.schema = 'offaxis.patch/2' as never))).rejects.toThrow(/can't read/);
    await expect(tampered(({ tensors: [one] }) => void (one!.shape = [-1]))).rejects.toThrow(/can't read/);
  });
  it('a checkpoint that is there, a name that is not one, and adapters', async () => {
    const [base, tuned] = [place(model, 'base.safetensors'), place(with1('a.weight'), 'tuned.safetensors')];
    const to = async (destination: string): Promise<void> => {
      for await (const event of analysis.diff({ base, tuned, destination }, signal)) void event;
    };
    const before = readFileSync(tuned);
    await expect(to(tuned)).rejects.toMatchObject({ code: 'bad-parameter' });
    expect(readFileSync(tuned)).toEqual(before);
    await expect(to(fresh('patch.bin'))).rejects.toThrow(/does not end in \.safetensors/);
    await expect(roundTrip(resolve('media/samples/base'), resolve('media/samples/rl-lora'))).rejects.toThrow(/adapter/);
  });
});

describe('ended in the middle', () => {
  it('leaves nothing: of a patch, of a checkpoint, of one in shards', async () => {
    const [base, tuned] = [resolve('media/samples/base'), resolve('media/samples/rl')];
    const { patch } = await diff(base, tuned);
    const runs = [
      (destination: string, stop: AbortSignal) => analysis.diff({ base, tuned, destination }, stop),
      (destination: string, stop: AbortSignal) => analysis.applyPatch({ base, patch, destination }, stop),
    ];
    for (const run of runs) {
      const destination = fresh('out.safetensors');
      const abort = new AbortController();
      const all = async (): Promise<void> => {
        let pieces = 0;
        for await (const event of run(destination, abort.signal)) {
          if (event.type !== 'progress' || event.phase !== 'write' || ++pieces < 3) continue;
          // it is at it
          expect(readdirSync(dirname(destination)).some((name) => name.endsWith('.part'))).toBe(true);
          abort.abort();
        }
      };
      await expect(all()).rejects.toMatchObject({ code: 'cancelled' });
      expect(readdirSync(dirname(destination))).toEqual(['x']);
    }
  });
  it('above the limit of a file a checkpoint comes in shards, whose index names all of it', async () => {
    const [base, tuned] = [resolve('media/samples/base'), resolve('media/samples/rl')];
    const { patch } = await diff(base, tuned);
    const [source, opened] = [await openCheckpoint(base), await openCheckpoint(patch)];
    const destination = fresh('out.safetensors');
    for await (const event of applyPatch(source, opened, destination, signal, 500_000)) void event;
    await source.close();
    await opened.close();
    const names = readdirSync(dirname(destination)).filter((name) => name !== 'x');
    expect(names.filter((name) => /^out-0000\d-of-0000\d\.safetensors$/.test(name)).length).toBeGreaterThan(2);
    expect(existsSync(destination)).toBe(false);
    const events: VerifyEvent[] = [];
    const request = { a: `${destination}.index.json`, b: tuned, relative: 0, absolute: 0 };
    for await (const event of analysis.verify(request, signal)) events.push(event);
    expect(verifyResult(request, events)).toMatchObject({ verdict: 'bits', leftOut: [] });
  });
});
