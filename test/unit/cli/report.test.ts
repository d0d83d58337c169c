import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/options.ts';
import { parseReport } from '../../../src/cli/reportArguments.ts';
import { reportCommandLine } from '../../../src/export/commandLine.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

const CLI = resolve('dist/cli.mjs');
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
const folder = temporaryFolder();
const offaxis = (...argv: string[]) => spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8' });
const [BASE, RL, LORA] = ['media/samples/base', 'media/samples/rl', 'media/samples/rl-lora'];

describe('offaxis report', () => {
  it('writes a document with the answer of compare, and says where', () => {
    const path = join(folder.path, 'r.md');
    const run = offaxis('report', BASE, RL, '--backend', 'cpu', '--alpha', '0.2', '-o', path);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^written: .*r\.md, \d+\.\d+ kB\n$/);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(`offaxis report ${BASE} ${RL} --alpha 0.2 -o ${path}\n`);
    expect(text).toContain('| alpha | 0.2 |');
    expect(text).toContain('needs the noise twin.');
  });
  it('finds the base of an adapter, and refuses one as the base', () => {
    const path = join(folder.path, 'r.html');
    expect(offaxis('report', LORA, '--backend', 'cpu', '--no-spectra', '-o', path).stdout).toMatch(/^written: /);
    expect(readFileSync(path, 'utf8')).toContain('adapter, LoRA');
    const refused = offaxis('report', LORA, RL, '-o', join(folder.path, 'no.html'));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/is an adapter, and a report takes the base/);
    expect(existsSync(join(folder.path, 'no.html'))).toBe(false);
  });
  it('takes the options of compare, and asks for a name that says the format', () => {
    expect(parseReport(['a', 'b', '-o', 'c.html', '--twin', '--mask-rank', '3'])).toMatchObject({
      ...{ command: 'report', base: 'a', tuned: 'b', destination: 'c.html', format: 'html' },
      parameters: { twin: true, maskRank: 3 },
    });
    expect(parseReport(['-h'])).toBeNull();
    for (const argv of [
      ['a', 'b'],
      ['a', 'b', '-o', 'c.pdf'],
      ['a', 'b', 'c', '-o', 'c.md'],
      ['-o', 'c.md'],
    ])
      expect(() => parseReport(argv)).toThrow(UsageError);
  });
  it('is repeated by its command line', () => {
    const given = parseReport(['./-a', 'b c', '-o', "it's.md", '--twin-seed', '4', '--tensors=*.q']);
    if (!given || given.base === null) throw new Error('not read');
    const line = reportCommandLine({ ...given, base: given.base }, given.destination, 'linux');
    expect(line).toBe(`offaxis report ./-a 'b c' '--tensors=*.q' --twin --twin-seed 4 -o 'it'\\''s.md'`);
  });
});
