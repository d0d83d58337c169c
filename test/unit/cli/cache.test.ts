import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseInvocation } from '../../../src/cli/arguments.ts';
import { UsageError } from '../../../src/cli/options.ts';

const CLI = resolve('dist/cli.mjs');
const INJECT = resolve('test/unit/faults/inject.mjs');
const PAIR = ['media/samples/base', 'media/samples/rl', '--tensors', '*layers.0.*', '--backend', 'cpu'];
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'offaxis-cli-cache-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  stdout: string;
  stderr: string;
  status: number;
}
/** Does not block: on a busy machine several runs in a row would keep the test's own process silent for too long. */
function offaxis(
  argv: string[],
  { node = [], env = {} }: { node?: string[]; env?: Record<string, string> } = {},
): Promise<Ended> {
  const all = { ...process.env, OFFAXIS_CACHE: join(folder, 'cache'), ...env };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...node, CLI, ...argv], { env: all }, (_, stdout, stderr) =>
      resolve({ stdout, stderr, status: child.exitCode ?? -1 }),
    );
  });
}
async function compare(...[more, options]: Parameters<typeof offaxis>) {
  const json = join(folder, 'result.json');
  const { stderr, status } = await offaxis(['compare', ...PAIR, ...more, '--json', json], options);
  const text = JSON.stringify(JSON.parse(readFileSync(json, 'utf8')), (name, value: unknown) =>
    name === 'elapsedMs' ? 0 : value,
  );
  return { stderr, status, text };
}
/** Entries, as "offaxis cache" counts them. */
const entries = async (): Promise<number> => {
  const { stdout, status } = await offaxis(['cache']);
  expect(status).toBe(0);
  expect(stdout.split('\n')[0]).toBe(join(folder, 'cache', 'results'));
  return Number(/^(\d+) results?, /m.exec(stdout)?.[1]);
};

test('a comparison is kept, served again, told of and cleared; --no-cache neither looks nor keeps', async () => {
  const without = await compare(['--no-cache']);
  expect(without).toMatchObject({ stderr: '', status: 0 });
  expect(existsSync(join(folder, 'cache', 'results'))).toBe(false);
  expect(await compare([])).toEqual(without);
  const kept = await entries();
  // a pair, its base and its figures of each of seven matrices, and the changes of all
  expect(kept).toBeGreaterThanOrEqual(14);
  expect(await compare([])).toEqual(without);
  expect(await compare(['--cache-size', '0'])).toEqual(without);
  expect(await entries()).toBe(kept);
  expect((await offaxis(['cache', 'clear'])).stdout).toMatch(
    new RegExp(`^removed: ${kept} results, .* (kB|KB|MB)$`, 'm'),
  );
  expect(await entries()).toBe(0);
});

describe('a cache that fails never breaks a run', () => {
  const without = async (): Promise<string> => (await compare(['--no-cache'])).text;
  test.each([
    ['a full disk', { operation: 'write', kind: 'ENOSPC' }],
    ['a read-only disk', { operation: 'open', kind: 'EROFS' }],
    ['a folder that may not be entered', { operation: 'open', kind: 'EACCES' }],
    ['a rename that fails', { operation: 'rename', kind: 'EIO' }],
  ])('%s: a sentence, and the same figures', async (_, fault) => {
    const OFFAXIS_FAULT = JSON.stringify({ ...fault, call: 'every', folder: join(folder, 'cache', 'results') });
    const run = await compare([], { node: ['--import', INJECT], env: { OFFAXIS_FAULT } });
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(
      new RegExp(`^offaxis: Results can't be kept in .* \\(${fault.kind}\\), and this run goes on without: .*\\.\\n$`),
    );
    expect(run.text).toBe(await without());
  });
  test('entries that cannot be read are as good as none', async () => {
    const first = await compare([]);
    const OFFAXIS_FAULT = JSON.stringify({
      operation: 'read',
      call: 'every',
      kind: 'EIO',
      folder: join(folder, 'cache'),
    });
    const run = await compare([], { node: ['--import', INJECT], env: { OFFAXIS_FAULT } });
    expect(run).toMatchObject({ status: 0, text: first.text });
  });
});

describe('arguments', () => {
  test.each([
    ['4GB', 4e9],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['500m', 5e8],
    ['0', 0],
    ['2000000', 2e6],
  ])('--cache-size %s', (text, cacheBytes) => {
    expect(parseInvocation(['compare', 'a', 'b', '--cache-size', text])).toMatchObject({ cacheBytes });
  });
  test('--no-cache is a cache of no size, and without either it is 4 GB', () => {
    expect(parseInvocation(['compare', 'a', 'b', '--no-cache'])).toMatchObject({ cacheBytes: 0 });
    expect(parseInvocation(['inspect', 'a'])).toMatchObject({ cacheBytes: 4e9 });
    expect(parseInvocation(['cache'])).toEqual({ command: 'cache', action: 'info' });
  });
  test.each([['compare a b --cache-size big'], ['compare a b --cache-size -1'], ['cache drop'], ['cache clear all']])(
    'refuses "%s"',
    (line) => {
      expect(() => parseInvocation(line.split(' '))).toThrow(UsageError);
    },
  );
});
