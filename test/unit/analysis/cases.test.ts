/** Conditions from public bug reports, each by a small input (test/fixtures/cases), through the engine as the command line uses it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type { ComparisonPlan, CheckpointFacts } from '../../../src/protocol/engine.ts';
import type { Finding } from '../../../src/protocol/health.ts';
import { DEFAULT_PARAMETERS, type ComparisonResult, type ComparisonTensor } from '../../../src/protocol/results.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { rawFile } from '../formats/build.ts';

const CASES = resolve('test/fixtures/cases');
let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

interface Compared {
  result: ComparisonResult;
  plan: ComparisonPlan;
  /** by name without what stands before "layers" */
  tensor(name: string): ComparisonTensor;
}
async function compare(path: string): Promise<Compared> {
  const found = new Accumulator();
  const [base, tuned] = [join(CASES, path, 'base'), join(CASES, path, 'tuned')];
  const request = { runId: path, base, tuned, parameters: DEFAULT_PARAMETERS };
  for await (const event of analysis.compare(request, new AbortController().signal)) found.add(event);
  const result = found.result(DEFAULT_PARAMETERS);
  expect(result.summary.failed).toEqual([]);
  return {
    result,
    plan: found.plan as ComparisonPlan,
    tensor: (name) => {
      const one = result.tensors.find((tensor) => tensor.name.endsWith(name));
      if (!one) throw new Error(`${path} has no ${name}`);
      return one;
    },
  };
}
async function scan(path: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const event of analysis.scan({ path: resolve(CASES, path) }, new AbortController().signal))
    if (event.type === 'finding') findings.push(event.finding);
  return findings;
}
const open = (path: string): Promise<CheckpointFacts> => analysis.open({ path: resolve(CASES, path) });
const codes = (found: readonly { severity: string; code: string }[]): string[] => [
  ...new Set(found.map(({ severity, code }) => `${severity} ${code}`)),
];
/** Synthetic pairs differ by noise of 4 %: over n weights both norms are samples, whose quotient has a spread of 1 / sqrt(n); four of them. */
function expectFourPercent(tensors: readonly ComparisonTensor[]): void {
  for (const { name, shape, metrics } of tensors) {
    const weights = shape.reduce((a, b) => a * b, 1);
    expect(Math.abs((metrics.relativeUpdate ?? NaN) / 0.04 - 1), name).toBeLessThan(4 / Math.sqrt(weights));
  }
}
const spectral = ({ tensors }: ComparisonResult): ComparisonTensor[] =>
  tensors.filter(({ metrics }) => metrics.nss !== undefined);

/** By folder: what its README says is right of a comparison. A folder with a pair that is not here fails the last test. */
const PAIRS: Record<string, (compared: Compared) => void> = {
  'adapter-as-tuned/adapter-only': ({ result }) => {
    expect(result.tunedAdapter).toMatchObject({ kind: 'LoRA', rank: 4, matrices: 4 });
    expect(spectral(result)).toHaveLength(4);
  },
  'adapter-as-tuned/adapter-with-embeddings': ({ result }) => {
    expect(result.tunedAdapter).toMatchObject({ kind: 'LoRA', rank: 4 });
    expect(result.tensors.map(({ module }) => module)).toEqual(expect.arrayContaining(['embed_tokens', 'lm_head']));
    expect(result.summary.coverage).toBe(1);
  },
  'constant-prefix-unpaired/bert-vs-none': ({ result, plan }) => {
    expect(result.tensors).toHaveLength(39);
    expect(plan.problems.map(({ code }) => code)).toContain('pairing-prefix');
  },
  'constant-prefix-unpaired/llm': llamaWithoutPrefix,
  'constant-prefix-unpaired/pretrained_model': llamaWithoutPrefix,
  'coverage-not-said/int8': ({ result, plan }) => {
    expect(plan.coverage.tensors).toEqual({ compared: 21, all: 21 });
    expect(result.summary.quantisation?.text).toBe('INT8 (bitsandbytes), one scale a row');
    expect(result.summary.unchangedBf16).toBeLessThan(0.5);
  },
  'fp8-scales-ignored/bf16-vs-fp8-block': ({ result, tensor }) => {
    const { metrics, flags } = tensor('layers.0.self_attn.q_proj.weight');
    expect(metrics.relativeUpdate).toBeCloseTo(0.028477, 6);
    expect(metrics.nss).toBeCloseTo(0.005164, 6);
    expect(flags).toContain('no-null');
    expect(result.summary.quantisation?.text).toBe('FP8, blocks of 16');
  },
  'gpt2-conv1d-vs-linear/pair': ({ result, tensor }) => {
    expect(tensor('h.0.attn.c_proj.weight').metrics.relativeUpdate).toBeCloseTo(0.040844, 6);
    expect(tensor('h.1.attn.c_proj.weight').metrics.relativeUpdate).toBeCloseTo(0.04176, 6);
    expect(spectral(result)).toHaveLength(12);
    expectFourPercent(spectral(result));
  },
  'layernorm-gamma-beta/pair': ({ result }) => {
    expect(result.tensors).toHaveLength(39);
    expect(result.tensors.filter(({ name }) => /LayerNorm\.(gamma|beta)$/.test(name))).toHaveLength(10);
    expect(result.unpaired.tunedOnly).toEqual(['classifier.weight', 'classifier.bias']);
    expect(result.unpaired.baseOnly.every((name) => name.startsWith('cls.'))).toBe(true);
  },
  'mlx-biases-as-weights/pair': ({ result }) => {
    expect(result.tensors.filter(({ name }) => name.endsWith('.biases'))).toEqual([]);
    // 48 columns in 2 groups are no layout of MLX: those two are left out, and the headline's share says so
    expect(result.skipped.filter(({ reason }) => reason.startsWith('quantised (MLX)'))).toHaveLength(2);
    expect(result.summary.coverage).toBeCloseTo((19_616 - 2 * 32 * 48) / 19_616, 12);
  },
  'moe-stacks-without-experts-in-the-name/granite': ({ result }) => {
    const experts = spectral(result).filter(({ module }) => module.includes('_linear'));
    // 4 experts of 2 layers, gate, up and down
    expect(experts).toHaveLength(24);
    expectFourPercent(experts);
  },
  'moe-stacks-without-experts-in-the-name/gpt-oss-fused-vs-list': ({ result }) => {
    expect(result.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    const experts = spectral(result).filter(({ module }) => module.includes('experts'));
    expect(experts).toHaveLength(24);
    expectFourPercent(experts);
  },
  'unmerged-lora-reads-unchanged/pair': ({ result, plan }) => {
    expect(result.summary.coverage).toBeLessThan(0.99);
    expect(plan.coverage.missing[0]?.reason).toContain('not merged');
    expect(result.skipped.filter(({ reason }) => reason.includes('not merged'))).toHaveLength(4);
  },
  'vision-qkv-split-by-text-heads/glm4v-geometry': ({ result }) => {
    const parts = result.tensors.filter(({ name }) => name.includes('visual.blocks.0.attn.qkv.weight#'));
    expect(parts.map(({ shape }) => shape)).toEqual([
      [96, 96],
      [96, 96],
      [96, 96],
    ]);
    expectFourPercent(parts);
  },
};
function llamaWithoutPrefix({ result, plan }: Compared): void {
  expect(result.tensors).toHaveLength(21);
  expect(result.summary.unchangedBf16).toBe(0.051794453507340944);
  expect(plan.problems.map(({ code }) => code)).toContain('pairing-prefix');
}

describe('compared', () => {
  it.each(Object.entries(PAIRS))('%s', async (path, check) => check(await compare(path)));

  it('has a check for every pair', () => {
    const found = readdirSync(CASES).flatMap((name) =>
      readdirSync(join(CASES, name)).flatMap((kind) =>
        readdirSync(join(CASES, name, kind)).includes('base') ? [`${name}/${kind}`] : [],
      ),
    );
    expect(Object.keys(PAIRS).sort()).toEqual(found.sort());
  });
});

describe('opened', () => {
  it.each(['awq', 'comfy_fp8', 'gptq', 'mlx4', 'nf4'])('packed %s has the parameters of its model', async (kind) => {
    const { parameters, problems } = await open(`packed-parameter-count/${kind}`);
    expect(parameters).toBe(19_616);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(codes(await scan(`packed-parameter-count/${kind}`))).not.toContain('warning duplicate');
  });

  it.each([
    'dcp-rank-slices/folder',
    'diffusers-variant-index/folder',
    'duplicate-false-alarms/rope-caches',
    'folder-messages/shards-plus-mtp',
    'stale-index/names-none-that-is-there',
  ])('%s is one checkpoint of 19,616 parameters', async (path) => {
    const { parameters, problems } = await open(path);
    expect(parameters).toBe(19_616);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it.each(['loha', 'lokr', 'ia3'])('%s is named an adapter', async (kind) => {
    const { adapter, problems } = await open(`other-adapters-unnamed/${kind}`);
    expect(adapter?.kind.toLowerCase()).toBe(kind);
    expect(problems.map(({ code }) => code)).toContain('adapter');
  });

  it('factors of two parameters of one module are two modules', async () => {
    const { adapter } = await open('other-adapters-unnamed/target-parameters');
    // 16 rows: 4 for each of 4 experts
    expect(adapter).toMatchObject({ kind: 'LoRA', rank: 4, matrices: 2 });
  });

  it.each(['diffusers', 'kohya/a.safetensors', 'kohya/b.safetensors'])('%s is a LoRA adapter', async (file) => {
    const { adapter } = await open(`lora-names-of-diffusers-and-kohya/${file}`);
    expect(adapter).toMatchObject({ kind: 'LoRA', rank: 4 });
  });
});

it("Kohya's names have the layers and modules of dotted ones", async () => {
  const modules = async (file: string): Promise<Set<string>> => {
    const { tensors } = await open(`lora-names-of-diffusers-and-kohya/${file}`);
    return new Set(tensors.map(({ layer, module }) => `${layer} ${module.replace(/\.(lora[._].*|alpha)$/, '')}`));
  };
  const dotted = await modules('diffusers');
  expect([...dotted]).toContain('1 unet.down_blocks.attentions.0.transformer_blocks.0.attn1.to_v');
  const kohya = await modules('kohya/a.safetensors');
  for (const module of dotted) expect(kohya).toContain(module);
});

describe('scanned', () => {
  it.each<[string, string[], string[]]>([
    ['zero3-empty-passes-check/shape-0', ['error empty-weight'], []],
    ['zeros-called-initialised/tail-of-zeros', ['error zero-tail', 'warning all-zero'], ['info all-zero']],
    ['duplicate-false-alarms/rope-caches', [], ['warning duplicate']],
    ['duplicate-false-alarms/t5', ['info tied-weights'], ['warning duplicate']],
    ['stale-index/names-none-that-is-there', ['warning index-stale'], ['warning shards-missing']],
    ['lora-names-of-diffusers-and-kohya/kohya/nan.safetensors', ['error nan'], []],
  ])('%s', async (path, some, none) => {
    const found = codes(await scan(path));
    expect(found).toEqual(expect.arrayContaining(some));
    for (const code of none) expect(found).not.toContain(code);
  });
});

describe('125,000 tensors', () => {
  it('are a table of the command line', () => {
    // What the case's make.py writes: one weight each.
    const count = 125_000;
    const header = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `model.layers.0.mlp.experts.${i}.w.weight`,
        { dtype: 'F16', shape: [1], data_offsets: [2 * i, 2 * i + 2] },
      ]),
    );
    const { write } = temporaryFolder();
    const path = write('model.safetensors', rawFile(JSON.stringify(header), new Uint8Array(2 * count)));
    const { status, stdout } = spawnSync(process.execPath, ['dist/cli.mjs', 'inspect', path], {
      encoding: 'utf8',
      maxBuffer: 100e6,
    });
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toContain(`experts.${count - 1}.w.weight`);
  });
});

describe('a link whose blob is gone', () => {
  const { path: home } = temporaryFolder();
  beforeAll(() => {
    mkdirSync(join(home, 'snapshots/x'), { recursive: true });
    symlinkSync('../../blobs/gone', join(home, 'snapshots/x/model.safetensors'));
  });
  it.each(['', 'snapshots', 'snapshots/x', 'snapshots/x/model.safetensors'])(
    'is an unfinished download, opened at "%s"',
    async (path) => {
      await expect(open(join(home, path))).rejects.toThrow(/is a link to .*gone, which is not there: the download/);
    },
  );
});
