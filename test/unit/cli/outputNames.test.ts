/** No command makes a file that is named like a checkpoint, whether one lies there or not. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../checkpoint/folder.ts';

const CLI = resolve('dist/cli.mjs');
const SAMPLES = resolve('media/samples');
const folder = temporaryFolder();
const offaxis = (...argv: string[]) => spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8' });
/** Every way to write a file, with the least work before it. */
const WAYS: [string, string[]][] = [
  ['inspect --json', ['inspect', `${SAMPLES}/base`, '--json']],
  ['check --json', ['check', `${SAMPLES}/base`, '--json']],
  ['compare --json', ['compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, '--no-spectra', '--json']],
  ['compare --csv', ['compare', `${SAMPLES}/base`, `${SAMPLES}/rl`, '--no-spectra', '--csv']],
];

describe.each(WAYS)('%s', (_, argv) => {
  it.each(['new.safetensors', 'MODEL.SafeTensors', 'model.safetensors.index.json'])(
    'makes no file that is named like a checkpoint: %s',
    (name) => {
      const target = join(folder.path, name);
      const run = offaxis(...argv, target);
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(name);
      expect(run.stderr).toMatch(/checkpoint/);
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(existsSync(target)).toBe(false);
    },
  );
});
