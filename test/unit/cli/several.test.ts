import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunsResult, StepsResult } from '../../../src/protocol/several.ts';
import { STEPS } from '../severalGolden.ts';

const CLI = resolve('dist/cli.mjs');
const SAMPLES = 'media/samples';
let directory: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  directory = mkdtempSync(join(tmpdir(), 'offaxis-several-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const offaxis = (...argv: string[]) =>
  spawnSync(process.execPath, [CLI, ...argv, '--backend', 'cpu'], { encoding: 'utf8', maxBuffer: 1 << 28 });
function expectValid(name: string, result: object): void {
  const schema = JSON.parse(readFileSync(`media/schema/${name}-1.schema.json`, 'utf8')) as object;
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
  expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
  // it does not take whatever comes
  expect(validate({ ...result, tensors: [{}] })).toBe(false);
}
async function readParquet(path: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return parquetReadObjects({ file });
}
const samples = (...names: string[]): string[] => names.map((name) => `${SAMPLES}/${name}`);

describe('offaxis runs', () => {
  it('writes JSON that its schema holds, rows for data frames, and tables with the answer above them', async () => {
    const json = join(directory, 'runs.json');
    const layer = ['--tensors', '*layers.0.*'];
    const [csv, parquet] = [join(directory, 'runs.csv'), join(directory, 'runs.parquet')];
    const files = ['--json', json, '--csv', csv, '--parquet', parquet];
    const run = offaxis('runs', ...samples('base', 'rl', 'rl-hot', 'sft'), ...layer, ...files);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const result = JSON.parse(readFileSync(json, 'utf8')) as RunsResult;
    expectValid('runs', result);
    expect(result.runs.map(({ name }) => name)).toEqual(['rl', 'rl-hot', 'sft']);
    expect(result.comparisons).toHaveLength(3);
    expect(result.tensors).toHaveLength(7);
    expect(result.model.pairs).toHaveLength(3);
    expect(run.stdout.replaceAll('\n', ' ')).toContain(result.answer.text);
    expect(run.stdout).toMatch(/^rl, rl-hot +0\.8\d\d +9\d\.\d % \/ 50 %/m);
    expect(run.stdout).toMatch(/^runs +weights +independent$/m);
    // 7 matrices and 2 norms of the layer
    expect(readFileSync(csv, 'utf8').trimEnd().split('\r\n')).toHaveLength(1 + 3 * 9);
    const rows = await readParquet(parquet);
    expect(rows).toHaveLength(3 * 9);
    for (const [i, name] of ['rl', 'rl-hot', 'sft'].entries()) {
      const nss = rows.flatMap((row) => (row['run'] === name && row['nss'] !== null ? [Number(row['nss'])] : []));
      expect(nss).toHaveLength(7);
      const mean = nss.reduce((a, b) => a + b, 0) / 7;
      expect(mean / (result.comparisons[i]?.metrics['nss']?.mean ?? NaN)).toBeCloseTo(1, 12);
    }
  });
  it('takes adapters, and no spectra', () => {
    const run = offaxis('runs', ...samples('base', 'rl-lora', 'rl'), '--no-spectra', '--json', '-');
    expect(run.status).toBe(0);
    const result = JSON.parse(run.stdout) as RunsResult;
    expectValid('runs', result);
    expect(result.tensors).toHaveLength(18);
    expect(result.tensors.every(({ pairs }) => pairs[0]?.subspaceSimilarity === null)).toBe(true);
  });
  it('says what it takes', () => {
    const run = offaxis('runs', ...samples('base', 'rl'));
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('takes BASE and two or more TUNED; 2 given');
    expect(offaxis('help', 'runs').stdout).toContain('offaxis runs BASE TUNED TUNED');
  });
});

describe('offaxis steps', () => {
  const given = STEPS.map(([step, path]) => `${step}=${path}`);
  it('writes JSON that its schema holds, and the walk beside every figure of the path', () => {
    const json = join(directory, 'steps.json');
    const run = offaxis('steps', `${SAMPLES}/base`, ...given, '--json', json);
    expect(run.status).toBe(0);
    const result = JSON.parse(readFileSync(json, 'utf8')) as StepsResult;
    expectValid('steps', result);
    expect(result.steps.map(({ step }) => step)).toEqual([100, 200, 300, 400, 500, 600]);
    expect(result.tensors).toHaveLength(3);
    expect(result.tensors[0]?.updateTop1Share).toHaveLength(6);
    expect(run.stdout.replaceAll('\n', ' ')).toContain(result.answer.text);
    expect(run.stdout).toMatch(/^along the run +this run +random walk$/m);
    expect(run.stdout).toMatch(/^path efficiency +0\.\d+ +0\.\d+$/m);
    expect(run.stdout).toMatch(/^share in one direction +\d+\.\d % +\d+\.\d %$/m);
    expect(run.stdout).toMatch(/^straightness there \(R2\) +\d\.\d+ +0\.\d+$/m);
    expect(run.stdout).toMatch(/^linearity of single weights \(R2\) +0\.\d+ +0\.\d+$/m);
  });
  it('takes a folder, whose first step is the base if nobody says', () => {
    const run = offaxis('steps', 'test/fixtures/golden/steps', '--no-spectra', '--json', '-');
    expect(run.status).toBe(0);
    expect(run.stderr).toContain('no base was given: step 200 is the base');
    const result = JSON.parse(run.stdout) as StepsResult;
    expectValid('steps', result);
    expect(result.steps.map(({ step }) => step)).toEqual([300, 400, 500]);
    expect(result.base).toBe(resolve('test/fixtures/golden/steps/step-200'));
  });
  it('says what is not a step', () => {
    const run = offaxis('steps', ...samples('base', 'rl'));
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('tells no step');
    expect(offaxis('help', 'steps').stdout).toContain('offaxis steps BASE FOLDER');
  });
});
