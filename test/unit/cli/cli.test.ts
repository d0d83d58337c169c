import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonResult, InspectionResult } from '../../../src/protocol/results.ts';
import type { UpdatePairsResult } from '../../../src/protocol/updatePair.ts';

const CLI = resolve('dist/cli.mjs');
const SAMPLES = 'media/samples';
const MALFORMED = 'test/fixtures/malformed';
let directory: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  directory = mkdtempSync(join(tmpdir(), 'offaxis-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const offaxis = (...argv: string[]) =>
  spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8', maxBuffer: 1 << 28 });
const validator = (name: string) =>
  new Ajv2020({ allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(`media/schema/${name}-1.schema.json`, 'utf8')) as object,
  );

describe('offaxis compare', () => {
  it('writes JSON that its schema holds, and a table, and a CSV of one row a tensor', () => {
    const json = join(directory, 'rl.json');
    const csv = join(directory, 'rl.csv');
    const run = offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, '--profiles', '--json', json, '--csv', csv);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('unchanged in bf16: 25.4 % of the weights');
    expect(run.stdout).toContain("compared 57 of 57 tensors, 100 % of the base's weights");
    const result = JSON.parse(readFileSync(json, 'utf8')) as ComparisonResult;
    const validate = validator('comparison');
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(result.tensors).toHaveLength(57);
    expect(result.summary.coverage).toBe(1);
    // the answer stands above the table, in lines
    expect(result.answer.text).toContain(
      "Everywhere the update leans into the base's main directions (×16 of random).",
    );
    const [above = ''] = run.stdout.split('\nmatrix ');
    expect(above.replaceAll('\n', ' ')).toContain(` ${result.answer.text} `);
    expect(result.answer.sentences.flat().find(({ code }) => code === 'direction-main')?.matrices).toHaveLength(42);
    expect(result.tensors.filter((tensor) => tensor.metrics.nss != null)).toHaveLength(42);
    expect(result.summary.matrices).toEqual({ done: 42, planned: 42 });
    expect(result.tensors[1]?.metrics.rowDensity?.length).toBeGreaterThan(0);
    expect(readFileSync(csv, 'utf8').trimEnd().split(/\r?\n/)).toHaveLength(58);
    delete (result.tensors[0]?.metrics as { unchangedBf16?: number }).unchangedBf16;
    expect(validate(result)).toBe(false);
  });
  it('keeps standard output clean for --json -', () => {
    const run = offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/sft`, '--no-spectra', '--json', '-');
    const result = JSON.parse(run.stdout) as ComparisonResult;
    expect(validator('comparison')(result)).toBe(true);
    expect(result.tensors.every((tensor) => tensor.metrics.nss === undefined)).toBe(true);
  });
  it('ends with the alignment if it is told to, and says what is not computed', () => {
    const run = offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/sft`, '--until', 'alignment', '--json', '-');
    const result = JSON.parse(run.stdout) as ComparisonResult;
    expect(validator('comparison')(result)).toBe(true);
    expect(result.parameters.spectra).toBe('leading');
    const matrices = result.tensors.filter(({ metrics }) => metrics.jointEnergy !== undefined);
    expect(matrices).toHaveLength(42);
    expect(matrices.every(({ metrics }) => !('nss' in metrics) && !('angleUMax' in metrics))).toBe(true);
    expect(result.summary.wedinVacuous).toBeNull();
    const table = offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/sft`, '--until', 'alignment').stdout;
    expect(table).toContain(
      'means over 42 of 42 matrices; not computed: what needs whole spectra (NSS, angles, ranks).',
    );
    expect(table).not.toMatch(/NSS +/);
  });
  it('takes the ranks and the glob', () => {
    const argv = [
      '--angle-rank',
      '4',
      '--mask-rank',
      '3',
      '--tensors',
      '*layers.0.self_attn*',
      '--alpha',
      '0.5',
      '--json',
      '-',
    ];
    const result = JSON.parse(
      offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, ...argv).stdout,
    ) as ComparisonResult;
    expect(result.tensors.map((tensor) => [tensor.metrics.angleRank, tensor.metrics.maskRank])).toEqual(
      Array(4).fill([4, 3]),
    );
  });
  it('puts noise of the same size beside what can differ from it, in the table and in the lines below', () => {
    const argv = [`${SAMPLES}/base`, `${SAMPLES}/rl`, '--tensors', '*layers.0.self_attn.q_proj*'];
    const [alone, beside] = [[], ['--twin']].map((twin) => offaxis('compare', ...argv, ...twin).stdout);
    expect(alone).not.toContain('noise of the same size 0.');
    expect(beside).toMatch(/unchanged \/ noise +update +NSS \/ noise +intruders \/ noise +largest angle \/ noise/);
    expect(beside).toMatch(
      /NSS 0\.0497 % of at most 0\.703 %, noise of the same size 0\.061\d? %; angles max 1\.64 deg, noise/,
    );
    expect(beside).toMatch(/mask view: .* from rounding alone, noise of the same size [\d.]+ %/);
    expect(beside).toMatch(/energy view: .* isotropic, noise of the same size [\d.]+ %/);
  });
  it('refuses a rank that is out of range, naming the matrix', () => {
    const run = offaxis('compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, '--angle-rank', '65');
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(/angle rank 65 is out of range for .*k_proj/);
  });
  it('finds the base that an adapter names, or says where it looked', () => {
    const found = offaxis('compare', `${SAMPLES}/rl-lora`, '--no-spectra', '--json', '-');
    expect(found.stderr).toMatch(/^offaxis: base: .*base.model\.safetensors, found where the adapter says$/m);
    const result = JSON.parse(found.stdout) as ComparisonResult;
    expect(result).toMatchObject({
      base: resolve(SAMPLES, 'base/model.safetensors'),
      tuned: resolve(SAMPLES, 'rl-lora'),
    });
    expect(result.tunedAdapter).toMatchObject({ kind: 'LoRA', rank: 8, scale: 2, unmerged: false });
    expect(validator('comparison')(result)).toBe(true);
    const unnamed = offaxis('compare', 'test/fixtures/adapters/llama-lora/adapter');
    expect(unnamed.status).toBe(2);
    expect(unnamed.stderr).toMatch(/does not say which base .* Name it: offaxis compare BASE test/);
    const weights = offaxis('compare', `${SAMPLES}/base`);
    expect(weights.status).toBe(2);
    expect(weights.stderr).toMatch(/takes BASE and TUNED, or an adapter .*; .*base is not an adapter/);
  });
  it('takes two updates of one base: adapters, and an adapter beside a full fine-tune', () => {
    const fixture = (name: string): string => `test/fixtures/adapters/${name}/adapter`;
    const two = offaxis('compare', fixture('llama-lora'), fixture('llama-rslora'), '--json', '-');
    const result = JSON.parse(two.stdout) as UpdatePairsResult;
    const validate = validator('updates');
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(result).toMatchObject({ base: null, adapters: [{ kind: 'LoRA' }, { kind: 'rsLoRA' }], skipped: [] });
    expect(result.model.updateCosine).toBeCloseTo(1, 9);
    const full = offaxis('compare', `${SAMPLES}/rl-lora`, `${SAMPLES}/rl`);
    expect(full.stdout).toMatch(/^cosine of the updates: 0\.417 over 18 matrices; 0 if independent$/m);
    const swapped = offaxis('compare', `${SAMPLES}/rl-lora`, `${SAMPLES}/base`);
    expect(swapped.status).toBe(1);
    expect(swapped.stderr).toMatch(/base is the base that .*rl-lora names: put it first/);
  });
  it('says what does not pair', () => {
    const run = offaxis('compare', `${SAMPLES}/base`, `${MALFORMED}/OK_zero_sized.safetensors`);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('pairs by name and shape');
  });
  it('ends with 130 when it is interrupted', async () => {
    // On a busy machine the first moments go by before the program runs at all.
    const interrupted = async (waitMs: number): Promise<number | string> => {
      // Kept results of the runs before it would end it too soon.
      const argv = ['compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, '--no-cache'];
      const child = spawn(process.execPath, [CLI, ...argv], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await new Promise((done) => setTimeout(done, waitMs));
      child.kill('SIGINT');
      const status = await new Promise<number | string>((done) =>
        child.on('exit', (code, name) => done(code ?? name ?? '')),
      );
      return status === 'SIGINT' && waitMs < 8000 ? interrupted(2 * waitMs) : status;
    };
    const status = await interrupted(250);
    expect(status).toBe(130);
  });
});

describe('offaxis inspect', () => {
  it('writes JSON that its schema holds', () => {
    const run = offaxis('inspect', `${SAMPLES}/base/model.safetensors`, '--stats', '--singular-values', '--json', '-');
    const result = JSON.parse(run.stdout) as InspectionResult;
    const validate = validator('inspection');
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(result.tensors).toHaveLength(57);
    expect(result.tensors.filter((tensor) => tensor.singularValues)).toHaveLength(42);
    expect(result.tensors.every((tensor) => tensor.stats)).toBe(true);
    expect(result.summary.parameters).toBe(1_111_424);
  });
  const files = readdirSync(MALFORMED);
  it.each(files.filter((file) => file.startsWith('OK_')))('loads %s', (file) => {
    expect(offaxis('inspect', join(MALFORMED, file)).status).toBe(0);
  });
  it('tells what an adapter does by itself', () => {
    const run = offaxis('inspect', `${SAMPLES}/rl-lora`, '--spectra', '--json', '-');
    const result = JSON.parse(run.stdout) as InspectionResult;
    const validate = validator('inspection');
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(result.adapterUpdates?.matrices).toHaveLength(18);
    expect(result.adapterUpdates?.modules.map(({ module }) => module).sort()).toEqual([
      'mlp.down_proj',
      'self_attn.q_proj',
      'self_attn.v_proj',
    ]);
    const text = offaxis('inspect', `${SAMPLES}/rl-lora`, '--stats').stdout;
    expect(text).toMatch(/^energy by module: .*mlp\.down_proj 76\.5 %/m);
  });
  it('refuses every malformed file with a message of its own, on one line', () => {
    const messages = files
      .filter((file) => !file.startsWith('OK_'))
      .map((file) => {
        const run = offaxis('inspect', join(MALFORMED, file));
        const json = JSON.parse(offaxis('inspect', join(MALFORMED, file), '--json', '-').stdout) as InspectionResult;
        expect(run.status, file).toBe(1);
        expect(
          json.problems.some((problem) => problem.severity === 'error'),
          file,
        ).toBe(true);
        expect(run.stderr.trimEnd().split('\n').length, file).toBe(1);
        return json.problems.find((problem) => problem.severity === 'error')?.code;
      });
    expect(new Set(messages).size).toBe(messages.length);
  });
  it('names a file that does not exist', () => {
    const run = offaxis('inspect', 'no/such.safetensors');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('no/such.safetensors');
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('usage', () => {
  it.each([[['frobnicate']], [['compare', 'a']], [['inspect', 'a', '--nope']]])(
    '%j ends with 2 and one line',
    (argv) => {
      const run = offaxis(...argv);
      expect(run.status).toBe(2);
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    },
  );
  it('prints help and the version', () => {
    expect(offaxis('help', 'compare').stdout).toContain('--alpha');
    expect(offaxis('--version').stdout).toMatch(/^offaxis \d+\.\d+\.\d+\n$/);
  });
});
