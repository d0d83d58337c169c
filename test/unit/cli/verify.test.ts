import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VerifyResult } from '../../../src/protocol/verify.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { f32, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
const folder = temporaryFolder();
const verify = (...argv: string[]) => spawnSync(process.execPath, [CLI, 'verify', ...argv], { encoding: 'utf8' });
const validate = new Ajv2020({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('media/schema/verify-1.schema.json', 'utf8')) as object,
);
const file = (name: string, ...values: number[]): string =>
  folder.write(
    name,
    safetensors({ 'model.norm.weight': { dtype: 'F32', shape: [values.length], data: f32(...values) } }),
  );

describe('offaxis verify', () => {
  it('exits with 0 and says so if the two are the same', () => {
    const run = verify('media/samples/base', 'media/samples/base/model.safetensors');
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/57 tensors and parts compared: 57 equal bits\nthe same weights: equal bits\n$/);
    expect(run.status).toBe(0);
  });
  it('exits with 1, names the first index and the largest difference, in JSON that its schema holds', () => {
    const [a, b] = [file('a.safetensors', 1, 2, 3), file('b.safetensors', 1, 2.5, 1)];
    const run = verify(a, b);
    expect(run.status).toBe(1);
    expect(run.stdout).toMatch(/model\.norm\.weight +3 +F32 +different +2 +\[1\] +2 +2\.5 +2\n/);
    expect(run.stdout).toMatch(/\nnot the same weights\n$/);
    const result = JSON.parse(verify(a, b, '--json', '-').stdout) as VerifyResult;
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(result).toMatchObject({ a, b, verdict: 'different', counts: { different: 1 } });
    const allowed = verify(a, b, '--rtol', '2');
    expect(allowed.status).toBe(0);
    expect(allowed.stdout).toMatch(/the same weights: within the tolerance\n$/);
    delete (result as Partial<VerifyResult>).leftOut;
    expect(validate(result)).toBe(false);
  });
  it('refuses what it is not meant for with status 2, and a path that is not there with 1', () => {
    expect(verify('media/samples/base').status).toBe(2);
    expect(verify('a', 'b', '--rtol=-1').stderr).toMatch(/--rtol takes a number from 0/);
    expect(verify('a', 'b', '--atol', 'nan').status).toBe(2);
    const absent = verify('media/samples/base', 'nowhere.safetensors');
    expect(absent.status).toBe(1);
    expect(absent.stderr).toMatch(/^offaxis: .*nowhere/);
  });
});
