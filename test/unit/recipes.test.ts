/** The Python of docs/ is run as it stands there, on files that this version writes. OFFAXIS_PYTHON names another Python. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { temporaryFolder } from './checkpoint/folder.ts';

const CLI = resolve('dist/cli.mjs');
const SAMPLES = resolve('media/samples');
const RECIPES = join(import.meta.dirname, 'recipes.py');
const PYTHON = process.env['OFFAXIS_PYTHON'] ?? 'python3';
const folder = temporaryFolder();

const run = promisify(execFile);

async function offaxis(...argv: string[]): Promise<void> {
  const { stderr } = await run(process.execPath, [CLI, ...argv, '--backend', 'cpu']);
  expect(stderr).toBe('');
}

/** Skips the test, and says what it takes, if a package is not installed. */
async function needs(context: TestContext, ...packages: string[]): Promise<void> {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  const ask = `import importlib.util as u; print(*[n for n in ${JSON.stringify(packages)} if u.find_spec(n) is None])`;
  const answer = await run(PYTHON, ['-c', ask]).catch(() => null);
  if (answer === null) context.skip(`${PYTHON} is not there`);
  const missing = answer.stdout.trim();
  if (missing) context.skip(`not installed: pip install ${missing}`);
}
/** Throws with what Python says if it fails. */
async function recipe(what: string, guide: string): Promise<string> {
  return (await run(PYTHON, [RECIPES, what, resolve('docs', guide), folder.path])).stdout;
}
async function writeMasks(): Promise<void> {
  if (existsSync(join(folder.path, 'masks.safetensors'))) return;
  copyFileSync(join(SAMPLES, 'base/model.safetensors'), join(folder.path, 'model.safetensors'));
  const some = ['mask', join(SAMPLES, 'base'), '--kind', 'safe', '--tensors', '*layers.0.*'];
  await offaxis(...some, '-o', join(folder.path, 'plain.safetensors'));
  await offaxis(...some, '--packed', '-o', join(folder.path, 'masks.safetensors'));
}

describe('the recipes of docs/', { timeout: 600_000 }, () => {
  it('masks.md: PyTorch trains only what is in the mask', async (context) => {
    await needs(context, 'torch', 'safetensors');
    await writeMasks();
    expect(await recipe('hook', 'masks.md')).toContain('hook: 7 masks hold');
  });
  it('masks.md: packed masks are the plain ones', async (context) => {
    await needs(context, 'numpy', 'safetensors');
    await writeMasks();
    expect(await recipe('packed', 'masks.md')).toContain('packed: 7 masks are the same');
  });
  it('masks.md: sharded weights are trained in their mask too', async (context) => {
    await needs(context, 'torch');
    expect(await recipe('sharded', 'masks.md')).toContain('sharded: 2 masks hold');
  });
  it('dataframes.md: pandas reads what runs writes', async (context) => {
    await needs(context, 'pandas', 'pyarrow');
    const [parquet, csv] = ['runs.parquet', 'runs.csv'].map((name) => join(folder.path, name)) as [string, string];
    const sides = ['base', 'rl', 'sft'].map((name) => join(SAMPLES, name));
    await offaxis('runs', ...sides, '--parquet', parquet, '--csv', csv, '--json', join(folder.path, 'runs.json'));
    expect(await recipe('frames', 'dataframes.md')).toContain('frames: 114 rows');
  });
});
