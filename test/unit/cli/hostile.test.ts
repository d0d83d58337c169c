import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = resolve('dist/cli.mjs');
const ESCAPES = '\x1b[2J\x1b]0;x\x07\x9b2J\r\u202e\u2028\x7f';
let folder: string;
let path: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  folder = mkdtempSync(join(tmpdir(), 'offaxis-hostile-'));
  path = join(folder, 'm.safetensors');
  const header = {
    __metadata__: { warning: 'forged', [`k\nwarning: key`]: `v\nwarning: value${ESCAPES}` },
    [`=HYPERLINK("x")`]: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
    [`${ESCAPES}\nwarning: name`]: { dtype: 'F32', shape: [1, 1], data_offsets: [8, 12] },
    odd: { dtype: `X\nwarning: type${ESCAPES}${'y'.repeat(1_000_000)}`, shape: [4], data_offsets: [12, 16] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([head, json, Buffer.from(Float32Array.of(-0.5, 2, 3, 4).buffer)]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const offaxis = (...argv: string[]) => {
  const { stdout, stderr } = spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { stdout, stderr };
};

describe('a stranger in a terminal', () => {
  it.each([
    ['inspect', '--stats'],
    ['check', '--sha256'],
    ['compare', '--no-spectra'],
  ])('%s shows escapes, forges no line, and is short', (command, option) => {
    const { stdout, stderr } = offaxis(command, path, ...(command === 'compare' ? [path] : []), option);
    const told = stdout + stderr;
    expect(told.length).toBeGreaterThan(100);
    expect(told.length).toBeLessThan(20_000);
    // eslint-disable-next-line no-control-regex
    expect(told).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(told).not.toMatch(/^warning: (forged|key|value|name|type)/m);
  });
  it('nor in an error, of a path or an option', () => {
    for (const argv of [
      ['inspect', `/nowhere${ESCAPES}\nwarning: path`],
      [`cmd${ESCAPES}`],
      ['inspect', path, `--x${ESCAPES}`],
    ]) {
      const { stderr } = offaxis(...argv);
      expect(stderr).toMatch(/^offaxis: [^\n]*\n$/);
      // eslint-disable-next-line no-control-regex
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    }
  });
  it('JSON on standard output is the same data, of which a terminal sees nothing raw', () => {
    const { stdout } = offaxis('inspect', path, '--json', '-');
    expect((JSON.parse(stdout) as { metadata: object }).metadata).toHaveProperty('warning', 'forged');
    // eslint-disable-next-line no-control-regex
    expect(stdout.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  });
  it('a CSV runs no formula', () => {
    const csv = join(folder, 'out.csv');
    offaxis('compare', path, path, '--no-spectra', '--csv', csv);
    const lines = readFileSync(csv, 'utf8').trimEnd().split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^"'=HYPERLINK\(""x""\)",/);
    expect(lines[1]).toContain(',-0.5,');
    // eslint-disable-next-line no-control-regex
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  });
});
