import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../src/protocol/health.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { f32, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
const MALFORMED = 'test/fixtures/malformed';
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
const folder = temporaryFolder();
const check = (...argv: string[]) =>
  spawnSync(process.execPath, [CLI, 'check', ...argv], { encoding: 'utf8', maxBuffer: 1 << 28 });
const validate = new Ajv2020({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('media/schema/check-1.schema.json', 'utf8')) as object,
);
function json(...argv: string[]): { result: CheckResult; status: number | null } {
  const run = check(...argv, '--json', '-');
  const result = JSON.parse(run.stdout) as CheckResult;
  expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
  return { result, status: run.status };
}

describe('offaxis check', () => {
  it('writes SARIF, to a file beside the report or to standard output instead of it', () => {
    const values = Array.from({ length: 64 }, (_, i) => (i === 10 ? NaN : i - 20.5));
    const path = folder.write(
      'sarif.safetensors',
      safetensors({ 'model.layers.0.mlp.up_proj.weight': { dtype: 'F32', shape: [8, 8], data: f32(...values) } }),
    );
    const run = check(path, '--sarif', '-');
    expect(run.status).toBe(1);
    const log = JSON.parse(run.stdout) as { version: string; runs: [{ results: { ruleId: string; level: string }[] }] };
    expect(log.version).toBe('2.1.0');
    expect(log.runs[0].results[0]).toMatchObject({ ruleId: 'nan', level: 'error' });
    const file = join(folder.path, 'findings.sarif');
    expect(check(path, '--sarif', file).stdout).toMatch(/problems: 1 error\n$/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(log);
    expect(check(path, '--sarif', path).stderr).toMatch(/Nothing is ever written to a checkpoint|never|checkpoint/);
  });

  it('passes a clean checkpoint and says what was looked for', () => {
    const run = check('media/samples/base');
    expect(run.status).toBe(0);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/scanned 57 tensors, 2\.223 MB: NaN and infinities; .*\nclean: nothing found\n$/);
  });
  it('fails on a NaN, names the tensor and the place, and writes JSON that its schema holds', () => {
    const values = Array.from({ length: 64 }, (_, i) => i - 20.5);
    values[10] = NaN;
    const path = folder.write(
      'nan.safetensors',
      safetensors({ w: { dtype: 'F32', shape: [8, 8], data: f32(...values) } }),
    );
    const run = check(path);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('"w" holds 1 NaN in 64 weights, the first at [1, 2].');
    expect(run.stdout).toMatch(/problems: 1 error\n$/);
    const { result, status } = json(path);
    expect(status).toBe(1);
    expect(result).toMatchObject({ verdict: 'problems', counts: { error: 1, warning: 0, info: 0 } });
    delete (result.counts as { error?: number }).error;
    expect(validate(result)).toBe(false);
  });
  it('lets infos pass, but not with --strict', () => {
    expect(json('media/samples/rl-lora').result).toMatchObject({
      verdict: 'clean',
      counts: { error: 0, warning: 0, info: 2 },
    });
    expect(check('media/samples/rl-lora').status).toBe(0);
    expect(check('media/samples/rl-lora', '--strict').status).toBe(1);
    expect(json('media/samples/rl-lora', '--strict').result.verdict).toBe('problems');
  });
  it('fails every damaged file and holds its findings to the schema', () => {
    for (const file of readdirSync(MALFORMED).filter((name) => !name.startsWith('OK_'))) {
      const { result, status } = json(join(MALFORMED, file));
      expect(status, file).toBe(1);
      expect(result.counts.error, file).toBeGreaterThan(0);
    }
  });
  it('gives the digests of files and tensors with --sha256', () => {
    const { result } = json('media/samples/base', '--sha256');
    const file = result.digests?.find((digest) => digest.of === 'file');
    expect(file?.sha256).toBe(
      createHash('sha256').update(readFileSync('media/samples/base/model.safetensors')).digest('hex'),
    );
    expect(result.digests?.filter((digest) => digest.of === 'tensor')).toHaveLength(57);
  });
  it('keeps what a name holds from steering the terminal', () => {
    const zeros = new Uint8Array(256);
    const path = folder.write(
      'esc.safetensors',
      safetensors({ 'a\u001b[2J\nb': { dtype: 'F32', shape: [8, 8], data: zeros } }),
    );
    const { stdout } = check(path, '--sha256');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('\\u001b[2J');
  });
  it('lists the checkpoints of a folder with several, and exits with 2', () => {
    for (const step of [500, 1000])
      folder.write(
        `run/checkpoint-${step}/model.safetensors`,
        safetensors({ a: { dtype: 'F32', shape: [1], data: f32(1) } }),
      );
    const run = check(join(folder.path, 'run'));
    expect(run.status).toBe(2);
    expect(run.stdout).toBe('');
    for (const step of [500, 1000])
      expect(run.stderr).toContain(`\n  ${join(folder.path, `run/checkpoint-${step}`)}\n`);
  });
  it('ends with one line if there is no checkpoint', () => {
    const run = check('no/such.safetensors');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('no/such.safetensors');
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
