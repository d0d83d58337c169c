import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { codes16, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
const folder = temporaryFolder();
const offaxis = (...argv: string[]) => spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8' });
const BASE = 'media/samples/base';
const RL = 'media/samples/rl';

describe('offaxis diff and offaxis apply', () => {
  it('say what will be written, write it, and give the tuned bits back', () => {
    const patch = join(folder.path, 'patch.safetensors');
    const made = offaxis('diff', BASE, RL, '-o', patch);
    expect(made.stderr).toBe('');
    expect(made.stdout).toMatch(
      /^828\.6 k elements changed, 74\.6 % of those compared\ntensors: .*\nthe patch will have 2\.\d+ MB, \d+ % of the tuned checkpoint's 2\.223 MB\nwritten: .*patch\.safetensors, 2\.\d+ MB\n$/,
    );
    const out = join(folder.path, 'out.safetensors');
    const applied = offaxis('apply', BASE, patch, '-o', out);
    expect(applied.stdout).toMatch(/^57 tensors, 2\.223 MB; the base is the right one\nwritten: .*out\.safetensors/);
    expect(offaxis('verify', RL, out).stdout).toMatch(/the same weights: equal bits\n$/);
    // never over what is there
    const again = offaxis('apply', BASE, patch, '-o', out);
    expect(again.status).toBe(2);
    expect(again.stderr).toMatch(/never writes over a checkpoint/);
    const other = offaxis('apply', RL, patch, '-o', join(folder.path, 'other.safetensors'));
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/is not the base that the patch was made from/);
  });
  it('ask for what is missing with status 2', () => {
    expect(offaxis('diff', BASE, RL).stderr).toMatch(/Say where to write: -o PATCH\.safetensors/);
    expect(offaxis('diff', BASE).status).toBe(2);
    expect(offaxis('apply', BASE, 'patch.safetensors').stderr).toMatch(/-o OUT\.safetensors/);
  });
  it(
    'killed at any moment, leave no file or a whole one, and the next run clears up',
    { timeout: 600_000 },
    async () => {
      const weights = 4 * 1024 * 1024;
      const model = (first: number): Uint8Array =>
        safetensors({ 'a.weight': { dtype: 'BF16', shape: [weights], data: codes16(weights, first) } });
      const [base, tuned] = [
        folder.write('k/base.safetensors', model(1)),
        folder.write('k/tuned.safetensors', model(2)),
      ];
      const at = (name: string): string => join(folder.path, 'k', name);
      const parts = (): string[] => readdirSync(at('')).filter((name) => name.endsWith('.part'));
      const killed = async (out: string, ...argv: string[]): Promise<void> => {
        const child = spawn(process.execPath, [CLI, ...argv, '-o', out], { stdio: 'ignore' });
        const ended = once(child, 'exit');
        while (child.exitCode === null && parts().length === 0) await new Promise((next) => setTimeout(next, 1));
        child.kill('SIGKILL');
        await ended;
        // it may have been faster than the kill
        if (!existsSync(out)) return;
        const whole = await openCheckpoint(out);
        expect(whole.problems).toEqual([]);
        await whole.close();
      };
      const whole = async (...argv: string[]): Promise<void> => {
        const { stderr } = await promisify(execFile)(process.execPath, [CLI, ...argv]);
        expect(stderr).toBe('');
        expect(parts()).toEqual([]);
      };
      await killed(at('cut.safetensors'), 'diff', base, tuned);
      await whole('diff', base, tuned, '-o', at('patch.safetensors'));
      await killed(at('cut-out.safetensors'), 'apply', base, at('patch.safetensors'));
      await whole('apply', base, at('patch.safetensors'), '-o', at('out.safetensors'));
      await whole('verify', at('out.safetensors'), tuned);
    },
  );
});
