import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clearLeftovers, createOutput, moveFile, readsOf, removeFile, writeWhole } from '../../../src/files/index.ts';
import { f32, safetensors } from '../formats/build.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'offaxis-files-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const checkpoint = safetensors({ a: { dtype: 'F32', shape: [2], data: f32(1, 2) } });
const temporaries = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.part'));

describe('a destination', () => {
  test('that is new is written, and one of an earlier result is replaced with its permissions', async () => {
    await writeWhole(at('new.csv'), 'a,b');
    expect(readFileSync(at('new.csv'), 'utf8')).toBe('a,b');
    const old = put('old.csv', 'a much longer text than the new one');
    chmodSync(old, 0o640);
    await writeWhole(old, 'é');
    expect(readFileSync(old, 'utf8')).toBe('é');
    expect(statSync(old).mode & 0o777).toBe(0o640);
    expect(temporaries()).toEqual([]);
  });

  test('of the longest name is written', async () => {
    const name = `${'n'.repeat(251)}.csv`;
    await writeWhole(at(name), 'x');
    expect(readFileSync(at(name), 'utf8')).toBe('x');
  });

  test('is named first in its refusal, and with its whole path last: a notification cuts what is long', async () => {
    const deep = join(folder, ...Array.from({ length: 6 }, (_, i) => `${i}-${'folder'.repeat(8)}`));
    mkdirSync(deep, { recursive: true });
    const file = join(deep, 'figure.safetensors');
    await expect(writeWhole(file, 'x')).rejects.toThrow(
      `figure.safetensors is the name of a checkpoint; results are not written over checkpoints. Choose another name. Its path: ${file}`,
    );
    const nowhere = join(deep, 'none', 'figure.csv');
    await expect(writeWhole(nowhere, 'x')).rejects.toThrow(/^figure\.csv can't be written \(ENOENT\): .* Its path: /);
  });

  test('is never a link: to a file, to a checkpoint, to nothing', async () => {
    const text = put('text.csv', 'mine');
    const weights = put('m.safetensors', checkpoint);
    symlinkSync(text, at('to-text.csv'));
    symlinkSync(weights, at('to-weights.csv'));
    symlinkSync(at('not-there.safetensors'), at('to-nothing.csv'));
    for (const name of ['to-text.csv', 'to-weights.csv', 'to-nothing.csv'])
      await expect(writeWhole(at(name), 'x'), name).rejects.toThrow(/symbolic link/);
    expect(readFileSync(text, 'utf8')).toBe('mine');
    expect(readFileSync(weights)).toEqual(Buffer.from(checkpoint));
    expect(existsSync(at('not-there.safetensors'))).toBe(false);
  });

  test('is written beside, into a file made anew: what lies under the temporary name is left alone', async () => {
    const theirs = put('theirs.txt', 'mine');
    const { randomBytes } = crypto;
    const guess = Buffer.alloc(8, 7);
    try {
      Object.assign(crypto, { randomBytes: () => guess });
      syncBuiltinESMExports();
      const output = await createOutput(at('first.csv'));
      const [temporary = ''] = temporaries();
      await output.discard();
      symlinkSync(theirs, at(temporary));
      await expect(writeWhole(at('second.csv'), 'x')).rejects.toThrow(/EEXIST/);
    } finally {
      Object.assign(crypto, { randomBytes });
      syncBuiltinESMExports();
    }
    expect(readFileSync(theirs, 'utf8')).toBe('mine');
  });

  test('is none of what the run reads, by symbolic and hard link, in another folder too', async () => {
    const model = at('model');
    mkdirSync(model);
    // neither by its name nor by its bytes a checkpoint
    writeFileSync(join(model, 'model.safetensors'), 'damaged');
    writeFileSync(join(model, 'config.json'), '{}');
    writeFileSync(join(model, 'model.safetensors.index.json'), '{}');
    const reads = await readsOf([model]);
    expect(reads).toHaveLength(3);
    for (const [i, read] of reads.entries()) {
      linkSync(read, at(`hard-${i}.csv`));
      symlinkSync(read, at(`soft-${i}.csv`));
      for (const name of [`hard-${i}.csv`, `soft-${i}.csv`])
        await expect(writeWhole(at(name), 'x', { reads }), name).rejects.toThrow(
          /Nothing is ever written to a checkpoint/,
        );
    }
    expect(readFileSync(join(model, 'model.safetensors'), 'utf8')).toBe('damaged');
  });

  test('that looks like a checkpoint, an index or a config is refused, whether or not the run reads it', async () => {
    const contents: Record<string, string | Uint8Array> = {
      blob: checkpoint,
      'cut.csv': checkpoint.slice(0, 40),
      'gguf.dat': 'GGUF\x03',
      'pytorch_model.dat': 'PK\x03\x04rest',
      'old.dat': Uint8Array.of(0x80, 2, 0x7d),
      'index.json': '{"metadata": {"total_size": 1}, "weight_map": {}}',
      'model.json': '{"architectures": ["X"]}',
      'pointer.csv': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
    };
    for (const [name, content] of Object.entries(contents)) {
      const file = put(name, content);
      await expect(writeWhole(file, 'x'), name).rejects.toThrow(/looks like/);
      await expect(moveFile(put('mine.tmp', 'x'), file), name).rejects.toThrow(/looks like/);
      expect(readFileSync(file), name).toEqual(Buffer.from(content as string));
    }
  });

  test('has not the name of a checkpoint or of its parts, there or not', async () => {
    for (const name of ['a.safetensors', 'A.SAFETENSORS', 'a.safetensors.index.json', 'config.json'])
      for (const options of [{}, { checkpoint: true }]) {
        if (/\.safetensors$/i.test(name) && options.checkpoint) continue;
        await expect(writeWhole(at(name), 'x', options), name).rejects.toThrow(/name of a checkpoint/);
      }
    await expect(writeWhole(at('config.json'), 'x', { index: true })).rejects.toThrow(/name of a checkpoint/);
    // only the index of shards of ours, and only where there is none
    await writeWhole(at('new.safetensors.index.json'), 'x', { index: true });
    await expect(writeWhole(at('new.safetensors.index.json'), 'y', { index: true })).rejects.toThrow(/index or config/);
    await writeWhole(at('tensor.safetensors'), checkpoint, { checkpoint: true });
    await expect(writeWhole(at('tensor.safetensors'), checkpoint, { checkpoint: true })).rejects.toThrow(
      /never writes over a checkpoint/,
    );
  });

  test('is a regular file: no folder, no pipe, no device, and none is waited for', async () => {
    execFileSync('mkfifo', [at('pipe.csv')]);
    for (const path of [at('pipe.csv'), folder, '/dev/null', '/dev/full'])
      await expect(writeWhole(path, 'x'), path).rejects.toThrow(/not a regular file/);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('earlier results of ours are replaced, also those that speak of an index', async () => {
    const own = put('own.json', '{\n  "schema": "offaxis.check/1", "weight_map": {}}');
    await writeWhole(own, '{}');
    expect(readFileSync(own, 'utf8')).toBe('{}');
  });

  test('that becomes a link or a checkpoint during the writing is refused at the end', async () => {
    const output = await createOutput(at('out.csv'));
    await output.write(Uint8Array.of(1));
    put('out.csv', checkpoint);
    await expect(output.commit()).rejects.toThrow(/looks like a checkpoint/);
    await output.discard();
    expect(readFileSync(at('out.csv'))).toEqual(Buffer.from(checkpoint));
    expect(temporaries()).toEqual([]);
  });
});

describe('an end before the end', () => {
  test('an abort leaves the earlier file and nothing else', async () => {
    const old = put('old.csv', 'old');
    const abort = new AbortController();
    const output = await createOutput(old, { signal: abort.signal });
    await output.write(new Uint8Array(100));
    expect(temporaries()).toHaveLength(1);
    abort.abort();
    await expect(output.write(new Uint8Array(1))).rejects.toThrow('Cancelled');
    await expect(output.commit()).rejects.toThrow('Cancelled');
    await output.discard();
    await expect(writeWhole(old, 'x', { signal: abort.signal })).rejects.toThrow('Cancelled');
    expect(readFileSync(old, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['old.csv']);
  });

  test('a full disk leaves the earlier file and nothing else, and says so', async (context) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      // Only root may mount; the fault table covers this without.
      return context.skip();
    }
    try {
      const old = put('old.csv', 'old');
      await expect(writeWhole(old, 'x'.repeat(200_000))).rejects.toThrow(/\(ENOSPC\).*disk is full/);
      expect(readFileSync(old, 'utf8')).toBe('old');
      expect(readdirSync(folder)).toEqual(['old.csv']);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  test('an exit removes the temporary file, a kill leaves one that the next write clears', async () => {
    const run = async (end: string): Promise<void> => {
      const contents = `import { createOutput } from './src/files/index.ts';
        const output = await createOutput(${JSON.stringify(at('out.csv'))});
        await output.write(new Uint8Array(1000));
        console.log('written');
        ${end}`;
      const stdin = { contents, resolveDir: process.cwd() };
      const { outputFiles } = buildSync({ stdin, bundle: true, write: false, platform: 'node', format: 'esm' });
      // over standard input: an argument may not be as long
      const child = spawn(process.execPath, ['--input-type=module', '-']);
      child.stdin.end(outputFiles[0]?.text ?? '');
      let told = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (told += String(text)));
      await once(child, 'close');
      expect(told).toBe('written\n');
    };
    await run('process.exit(3);');
    expect(readdirSync(folder)).toEqual([]);
    await run("process.kill(process.pid, 'SIGKILL');");
    expect(temporaries()).toHaveLength(1);
    await writeWhole(at('other.csv'), 'x');
    expect(readdirSync(folder)).toEqual(['other.csv']);
  });
});

describe('leftovers', () => {
  test('only ours, and only of the dead', async () => {
    const output = await createOutput(at('out.csv'));
    const [alive = ''] = temporaries();
    // no system gives a process this number
    const dead = alive.replace(`-${process.pid}-`, '-4194999-');
    const elsewhere = dead.replace(/offaxis-.{8}/, 'offaxis-00000000');
    const store = `${'0'.repeat(32)}.comparison.4194999.tmp`;
    const others = ['mine.part', 'x.tmp', `${'0'.repeat(32)}.comparison.${process.pid}.tmp`, elsewhere];
    for (const name of [dead, store, ...others]) put(name, 'x');
    const link = dead.replace(/.{16}\.part$/, `${'a'.repeat(16)}.part`);
    symlinkSync(at('mine.part'), at(link));
    await clearLeftovers(folder);
    expect(readdirSync(folder).sort()).toEqual([alive, link, ...others].sort());
    await output.discard();
    await clearLeftovers(join(folder, 'no'));
  });

  test('removing takes the link, not what it leads to; that there is none is not an error', async () => {
    const weights = put('m.safetensors', checkpoint);
    symlinkSync(weights, at('link'));
    await removeFile(at('link'));
    await removeFile(at('link'));
    expect(readFileSync(weights)).toEqual(Buffer.from(checkpoint));
  });
});
