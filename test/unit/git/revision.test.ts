/** Checkpoints out of a real repository. Git LFS is stood in for by a small program of its name, so that no server is needed. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { lfsPointer } from '../../../src/git/pointer.ts';
import { Repository } from '../../../src/git/repository.ts';
import { materialise, partsOf } from '../../../src/git/revision.ts';

const folder = mkdtempSync(join(tmpdir(), 'offaxis-git-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OID = createHash('sha256').update('the weights').digest('hex');
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 11\n`;

describe('a pointer of Git LFS', () => {
  const pointer = (text: string) => lfsPointer(new TextEncoder().encode(text));
  it('is told by its first line, and says what it stands for', () => {
    expect(pointer(POINTER)).toEqual({ oid: OID, sizeBytes: 11 });
    expect(pointer(POINTER.replaceAll('\n', '\r\n'))).toEqual({ oid: OID, sizeBytes: 11 });
    expect(pointer(POINTER.replace('oid', 'ext-0-foo sha256:00\noid'))?.oid).toBe(OID);
  });
  it.each([
    ['another text', 'version 1\noid sha256:00\nsize 3\n'],
    ['a longer file', POINTER + 'x'.repeat(1024)],
    ['one without a size', POINTER.replace('size 11\n', '')],
    ['one without a whole digest', POINTER.replace(OID, OID.slice(1))],
    ['weights', '\x08\0\0\0\0\0\0\0{}      '],
  ])('%s is none', (_name, text) => expect(pointer(text)).toBeNull());
});

describe('the files of a checkpoint', () => {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const names = [...shards, 'model.safetensors.index.json', 'other.safetensors', 'config.json', 'README.md'];
  it.each([
    ['model.safetensors.index.json', ['config.json', 'model.safetensors.index.json', ...shards]],
    [shards[1] ?? '', ['config.json', 'model.safetensors.index.json', ...shards]],
    ['other.safetensors', ['config.json', 'other.safetensors']],
    ['new.safetensors', []],
  ])('%s', (name, parts) => expect(partsOf(name, names).toSorted()).toEqual(parts.toSorted()));
});

describe('a revision', () => {
  let at: string;
  let storage: string;
  let asked: [number, number][];
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], {
      cwd: at,
      encoding: 'utf8',
    });
  const write = (name: string, text: string): string => {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
    return join(at, name);
  };
  const out = async (path: string, download = false) =>
    materialise(await Repository.of(path), path, 'HEAD', {
      storage,
      signal: new AbortController().signal,
      mayDownload: (files, bytes) => {
        asked.push([files, bytes]);
        return Promise.resolve(download);
      },
      told: () => undefined,
    });
  beforeEach(() => {
    at = mkdtempSync(join(folder, 'repository-'));
    storage = mkdtempSync(join(folder, 'storage-'));
    asked = [];
    git('init', '-q');
  });

  it('comes out as it was committed, with its config, and once', async () => {
    const path = write('run a/model.safetensors', 'committed');
    write('run a/config.json', '{}');
    write('run a/notes.txt', 'not a part');
    git('add', '.');
    git('commit', '-qm', 'first');
    writeFileSync(path, 'changed since');
    const base = (await out(path)) ?? '';
    expect(readFileSync(base, 'utf8')).toBe('committed');
    expect(base).toMatch(/run a@[0-9a-f]{7}.model\.safetensors$/);
    expect(readdirSync(dirname(base)).toSorted()).toEqual(['config.json', 'model.safetensors']);
    expect(await out(path)).toBe(base);
    expect(readFileSync(path, 'utf8')).toBe('changed since');
    expect(asked).toEqual([]);
  });

  it('of a file in the top folder', async () => {
    const path = write('model.safetensors', 'committed');
    git('add', '.');
    git('commit', '-qm', 'first');
    expect(readFileSync((await out(path)) ?? '', 'utf8')).toBe('committed');
  });

  it('without the file, without a commit, without a repository: each in one sentence', async () => {
    const path = write('model.safetensors', 'new');
    await expect(out(path)).rejects.toThrow('has no HEAD: nothing is committed yet');
    write('README.md', 'x');
    git('add', 'README.md');
    git('commit', '-qm', 'first');
    await expect(out(path)).rejects.toThrow('HEAD has no model.safetensors: the file is new since then');
    await expect(Repository.of(join(folder, 'x.safetensors'))).rejects.toThrow('is in no Git repository');
    await expect(Repository.of(path, 'no-such-git')).rejects.toThrow('Git does not start');
  });

  it('keeps the newest few', async () => {
    const path = write('model.safetensors', '0');
    for (let n = 1; n <= 6; n++) {
      writeFileSync(path, 'x'.repeat(n));
      git('add', '.');
      git('commit', '-qm', String(n));
      expect(readFileSync((await out(path)) ?? '', 'utf8')).toBe('x'.repeat(n));
    }
    expect(readdirSync(storage)).toHaveLength(4);
  });

  it('in Git LFS is asked for before it is downloaded, and told if it does not come', async () => {
    const path = write('model.safetensors', POINTER);
    git('add', '.');
    git('commit', '-qm', 'first');
    expect(await out(path)).toBeNull();
    expect(asked).toEqual([[1, 11]]);
    const { PATH } = process.env;
    const programs = mkdtempSync(join(folder, 'bin-'));
    const program = (text: string): void => {
      writeFileSync(join(programs, 'git-lfs'), `#!/bin/sh\n${text}\n`);
      chmodSync(join(programs, 'git-lfs'), 0o755);
    };
    process.env['PATH'] = `${programs}${delimiter}${PATH ?? ''}`;
    try {
      program('echo "no such object on the server" >&2; exit 2');
      await expect(out(path, true)).rejects.toThrow(
        /model\.safetensors: Git does not give its bytes \(no such object on the server\)\. Is Git LFS installed/,
      );
      program('grep -q "^oid sha256:' + OID + '" && printf "too short"');
      await expect(out(path, true)).rejects.toThrow('Git gave 9 of 11 bytes');
      program('grep -q "^oid sha256:' + OID + '" && printf "the weights"');
      expect(readFileSync((await out(path, true)) ?? '', 'utf8')).toBe('the weights');
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  it('of Git LFS that lies here already is not asked for', async () => {
    const path = write('model.safetensors', POINTER);
    git('add', '.');
    git('commit', '-qm', 'first');
    const object = join('.git', 'lfs', 'objects', OID.slice(0, 2), OID.slice(2, 4), OID);
    write(object, 'the weights');
    await out(path).catch(() => undefined);
    expect(asked).toEqual([]);
  });
});
