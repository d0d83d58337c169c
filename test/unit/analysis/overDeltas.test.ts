/** A trainer's delta where a checkpoint is asked for: verify, diff, apply, mask and inspect read the weights that it makes. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { DEFAULT_RHO } from '../../../src/protocol/mask.ts';
import { verifyResult, type VerifyEvent, type VerifyRequest, type VerifyResult } from '../../../src/protocol/verify.ts';
import { readModel, writeModel, writeSkyRl, writeSlime, type Tensors } from '../checkpoint/deltas/make.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { codes16 } from '../formats/build.ts';

let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());
const folder = temporaryFolder();
const signal = new AbortController().signal;

const SHAPE = [12, 20];
/** Values near 1, a few of which each version moves. */
function version(number: number): Tensors {
  const tensor = (seed: number): Tensors[string] => {
    const data = codes16(240, 0x3f80);
    for (let i = 0; i < 240; i += 7) data[2 * i] = ((data[2 * i] as number) + 3 * number + seed) & 0x7f;
    return { dtype: 'BF16', shape: SHAPE, data };
  };
  return Object.fromEntries(
    ['up_proj', 'down_proj'].map((name, i) => [`model.layers.0.mlp.${name}.weight`, tensor(i)]),
  );
}
const versions = [0, 1, 2, 3].map(version) as [Tensors, Tensors, Tensors, Tensors];
const whole = (number: number): string => join(folder.path, `whole-${number}`);
/** Deltas of versions 1 to 3; the base does not lie beside them. */
let slime: [string, string, string];
let sky: string;
/** The same with the base beside. */
let beside: string;
beforeAll(async () => {
  versions.forEach((tensors, number) => writeModel(whole(number), tensors));
  const chain = async (root: string): Promise<[string, string, string]> => {
    const [zero, one, two, three] = versions;
    return [
      await writeSlime(root, 1, [zero, one]),
      await writeSlime(root, 2, [one, two], { encoding: 'overwrite' }),
      await writeSlime(root, 3, [two, three]),
    ];
  };
  slime = await chain(join(folder.path, 'alone'));
  [, , beside] = await chain(join(folder.path, 'beside'));
  writeModel(join(folder.path, 'beside/weight_v000000'), versions[0]);
  sky = await writeSkyRl(join(folder.path, 'sky'), 1, [versions[0], versions[1]]);
});

async function verified(request: Pick<VerifyRequest, 'a' | 'b' | 'deltaBase'>): Promise<VerifyResult> {
  const events: VerifyEvent[] = [];
  const asked = { ...request, relative: 0, absolute: 0 };
  for await (const event of analysis.verify(asked, signal)) events.push(event);
  return verifyResult(asked, events);
}
async function drained(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event;
}
const NOT_BESIDE = /is a delta: .* version 0, does not lie beside it\. Name that: .*--delta-base/;

describe('verify', () => {
  it('holds what deltas make against a checkpoint, over a base that is named or lies beside', async () => {
    const deltaBase = whole(0);
    expect((await verified({ a: whole(3), b: slime[2], deltaBase })).verdict).toBe('bits');
    expect((await verified({ a: beside, b: whole(3) })).verdict).toBe('bits');
    expect((await verified({ a: sky, b: slime[0], deltaBase })).verdict).toBe('bits');
    const other = await verified({ a: whole(2), b: beside });
    expect(other.verdict).toBe('different');
    expect(other.tensors.map(({ differing }) => differing)).toEqual([35, 35]);
  });
  it('takes deltas for what deltas were made on', async () => {
    const apart = await writeSlime(join(folder.path, 'apart'), 4, [versions[3], versions[1]]);
    expect((await verified({ a: whole(1), b: apart, deltaBase: beside })).verdict).toBe('bits');
  });
  it('says what is missing, and refuses another base', async () => {
    await expect(verified({ a: whole(3), b: slime[2] })).rejects.toThrow(NOT_BESIDE);
    await expect(verified({ a: whole(1), b: slime[0], deltaBase: whole(1) })).rejects.toThrow(
      /whole-1 is not that: .*checksum/,
    );
    await expect(verified({ a: whole(3), b: slime[2], deltaBase: sky })).rejects.toThrow(
      /is a delta: .*Name a checkpoint that holds weights/,
    );
  });
});

describe('diff and apply', () => {
  it('make a patch of a delta that gives the same bits, and take one as the base', { timeout: 120_000 }, async () => {
    const at = (name: string): string => join(folder.path, name);
    const [patch, out] = [at('patch.safetensors'), at('out.safetensors')];
    await drained(analysis.diff({ base: whole(0), tuned: slime[2], destination: patch }, signal));
    await drained(analysis.applyPatch({ base: whole(0), patch, destination: out }, signal));
    expect((await verified({ a: out, b: whole(3) })).verdict).toBe('bits');
    const [step, again] = [at('step.safetensors'), at('again.safetensors')];
    const deltaBase = whole(0);
    await drained(analysis.diff({ base: slime[0], tuned: slime[2], deltaBase, destination: step }, signal));
    await drained(analysis.applyPatch({ base: slime[0], patch: step, deltaBase, destination: again }, signal));
    expect(Buffer.compare(readFileSync(again), readFileSync(out))).toBe(0);
    await expect(
      drained(analysis.diff({ base: slime[0], tuned: slime[2], destination: at('none.safetensors') }, signal)),
    ).rejects.toThrow(NOT_BESIDE);
  });
  it('never write over what a delta was made on', async () => {
    const file = join(whole(0), 'model.safetensors');
    await expect(
      drained(analysis.diff({ base: whole(1), tuned: slime[2], deltaBase: whole(0), destination: file }, signal)),
    ).rejects.toMatchObject({ code: 'bad-parameter' });
    expect(readModel(whole(0))).toEqual(versions[0]);
  });
});

describe('mask', () => {
  const request = { alpha: 0.3, maskRank: null, rho: DEFAULT_RHO, tensors: null, packed: false } as const;
  const masked = async (params: Partial<Parameters<Analysis['mask']>[0]>, name: string): Promise<Tensors> => {
    const destination = join(folder.path, name, 'model.safetensors');
    folder.write(`${name}/x`, '');
    await drained(
      analysis.mask({ base: beside, tuned: null, kind: 'safe', ...request, destination, ...params }, signal),
    );
    return readModel(join(folder.path, name));
  };
  it('is of the weights that a delta makes, of one checkpoint and of what changed', { timeout: 120_000 }, async () => {
    const wanted = await masked({ base: whole(3) }, 'mask-whole');
    expect(await masked({}, 'mask-beside')).toEqual(wanted);
    expect(await masked({ base: slime[2], deltaBase: whole(0) }, 'mask-named')).toEqual(wanted);
    await expect(masked({ base: slime[2] }, 'mask-none')).rejects.toThrow(NOT_BESIDE);
    const changed = await masked({ base: whole(0), tuned: slime[2], kind: 'changed' }, 'mask-changed');
    for (const { data } of Object.values(changed)) expect(data.reduce((sum, bit) => sum + bit, 0)).toBe(35);
  });
  it(
    'of what changed takes a delta as the base too, over the same as the tuned one',
    { timeout: 120_000 },
    async () => {
      const kind = 'changed' as const;
      const wanted = await masked({ base: whole(1), tuned: whole(3), kind }, 'changed-whole');
      expect(Object.values(wanted).some(({ data }) => data.includes(1))).toBe(true);
      const deltas = { base: slime[0], tuned: slime[2], kind };
      expect(await masked({ ...deltas, deltaBase: whole(0) }, 'changed-deltas')).toEqual(wanted);
      expect(await masked({ ...deltas, tuned: whole(3), deltaBase: whole(0) }, 'changed-base')).toEqual(wanted);
      await expect(masked(deltas, 'changed-none')).rejects.toThrow(NOT_BESIDE);
    },
  );
});

describe('inspect', () => {
  const means = async (path: string, deltaBase?: string): Promise<unknown> => {
    const found: unknown[] = [];
    const what = { path, ...(deltaBase === undefined ? {} : { deltaBase }), tensors: [], includeEmbeddings: false };
    for await (const event of analysis.inspect({ ...what, statistics: true, spectra: true }, signal))
      if (event.type === 'statistics' || event.type === 'spectrum') found.push({ ...event.value, elapsedMs: 0 });
    return found.map((event) => JSON.stringify(event)).sort();
  };
  it('shows a delta itself, and with what it was made on the weights', { timeout: 120_000 }, async () => {
    expect((await analysis.open({ path: slime[0] })).tensors.map(({ dtype }) => dtype)).toEqual(['U8', 'U8']);
    const facts = await analysis.open({ path: slime[2], deltaBase: whole(0) });
    expect(facts.tensors.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ['BF16', SHAPE],
      ['BF16', SHAPE],
    ]);
    expect(facts.format).toMatch(/delta of slime/);
    // that it is no weights is said of the delta alone
    expect((await analysis.open({ path: slime[2] })).problems.map(({ code }) => code)).toEqual(['delta']);
    expect(facts.problems).toEqual([]);
    expect(await means(slime[2], whole(0))).toEqual(await means(whole(3)));
  });
});

describe('compare', () => {
  it('takes two deltas if a whole version lies beside them', async () => {
    const first = join(folder.path, 'beside/weight_v000001');
    const parameters = { includeEmbeddings: false, tensors: null };
    const inputs = await analysis.inputs({ base: first, tuned: beside, ...parameters }, signal);
    expect(inputs.base.length).toBeGreaterThan(0);
    await expect(analysis.inputs({ base: slime[0], tuned: slime[2], ...parameters }, signal)).rejects.toThrow(
      /does not lie beside it\. Compare the checkpoint that training began from/,
    );
  });
});
