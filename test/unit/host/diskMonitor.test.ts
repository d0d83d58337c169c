import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkpointFiles, DiskMonitor, markOf, changeBetween } from '../../../src/host/diskMonitor.ts';
import type { DiskChange } from '../../../src/protocol/views.ts';

let folder: string;
const monitors: DiskMonitor[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offaxis-disk-'));
});
afterEach(async () => {
  for (const monitor of monitors.splice(0)) monitor.dispose();
  await rm(folder, { recursive: true });
});
const file = (name: string): string => join(folder, name);

function monitorOf(path: string): { monitor: DiskMonitor; changes: (DiskChange | null)[] } {
  const changes: (DiskChange | null)[] = [];
  const monitor = new DiskMonitor(
    path,
    (directory, listener) => {
      const watcher = watch(directory, (_event, name) => name !== null && listener(join(directory, name)));
      return { dispose: () => watcher.close() };
    },
    (change) => changes.push(change),
  );
  monitors.push(monitor);
  return { monitor, changes };
}
describe('the files of a checkpoint', () => {
  test('are the file itself, or an index with its shards inside the folder', async () => {
    const index = file('model.safetensors.index.json');
    await writeFile(
      index,
      JSON.stringify({ weight_map: { a: 'one.safetensors', b: 'two.safetensors', c: '../x', d: 3 } }),
    );
    expect(await checkpointFiles(index)).toEqual([index, file('one.safetensors'), file('two.safetensors')]);
    expect(await checkpointFiles(file('one.safetensors'))).toEqual([file('one.safetensors')]);
    await writeFile(index, '{"weight_map": ');
    expect(await checkpointFiles(index)).toEqual([index]);
  });
});

describe('an index that nobody vouches for', () => {
  const index = (): string => file('model.safetensors.index.json');
  const map = (names: string[]): string =>
    JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [`t${i}`, name])) });

  test('names no file outside its folder, not even in one whose name begins alike', async () => {
    const folderName = basename(folder);
    await writeFile(index(), map([`../${folderName}-secret/a`, `../${folderName}-secret`, '/etc/passwd', 'sub/b']));
    expect(await checkpointFiles(index())).toEqual([index(), file('sub/b')]);
  });
  test.skipIf(process.platform === 'win32')('that is a pipe is not waited on', async () => {
    execFileSync('mkfifo', [index()]);
    expect(await checkpointFiles(index())).toEqual([index()]);
    expect([...(await markOf([index()])).files.keys()]).toEqual([index()]);
  });
  test('gets one watcher a folder, and at most 64', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `${i % 250}/${i}.safetensors`);
    await writeFile(index(), map(names));
    const watched: string[] = [];
    const monitor = new DiskMonitor(
      index(),
      (directory) => {
        watched.push(directory);
        return { dispose: () => undefined };
      },
      () => undefined,
    );
    monitors.push(monitor);
    await monitor.accept(await monitor.mark());
    expect(watched).toHaveLength(64);
    expect(new Set(watched).size).toBe(64);
    expect(watched).toContain(folder);
  });
});

describe('a change', () => {
  test('is another size, another time, or another file of the same name', async () => {
    const path = file('m.safetensors');
    await writeFile(path, 'one');
    await utimes(path, 1000, 1000);
    const before = await markOf([path]);
    expect(changeBetween(before, await markOf([path]))).toBeNull();
    await utimes(path, 2000, 2000);
    expect(changeBetween(before, await markOf([path]))).toMatchObject({ kind: 'changed', file: 'm.safetensors' });
    await writeFile(file('other'), 'two');
    await utimes(file('other'), 1000, 1000);
    await rename(file('other'), path);
    expect(changeBetween(before, await markOf([path]))).toMatchObject({ kind: 'changed' });
    await rm(path);
    expect(changeBetween(before, await markOf([path]))).toMatchObject({ kind: 'deleted', readAt: before.at });
  });
});

describe('DiskMonitor', () => {
  test('tells of a write once it has been quiet, and of the deletion after it', async () => {
    // Writes that a busy machine sets apart are rightly told of one by one: then again, with a file of its own.
    const written = async (name: string): Promise<{ path: string; changes: (DiskChange | null)[]; apart: number }> => {
      const path = file(name);
      await writeFile(path, 'one');
      const { monitor, changes } = monitorOf(path);
      await monitor.accept(await monitor.mark());
      expect(changes).toEqual([]);
      let apart = 0;
      for (let i = 0; i < 5; i++) {
        const before = performance.now();
        await writeFile(path, `step ${'x'.repeat(i)}`);
        await new Promise((resolve) => setTimeout(resolve, 60));
        apart = Math.max(apart, performance.now() - before);
        if (apart < 300) expect(changes).toEqual([]);
      }
      return { path, changes, apart };
    };
    let run = await written('m.safetensors');
    for (let again = 0; again < 20 && run.apart >= 300; again++) run = await written(`m${again}.safetensors`);
    const { path, changes } = run;
    await expect.poll(() => changes.length > 0).toBe(true);
    expect(changes).toMatchObject([{ kind: 'changed', file: basename(path) }]);
    await rm(path);
    await expect.poll(() => changes.length > 1).toBe(true);
    expect(changes[1]).toMatchObject({ kind: 'deleted' });
  });
  test('says nothing of other files in the folder', async () => {
    const path = file('m.safetensors');
    await writeFile(path, 'one');
    const { monitor, changes } = monitorOf(path);
    await monitor.accept(await monitor.mark());
    await writeFile(file('other.safetensors'), 'x');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(changes).toEqual([]);
  });
  test('sees what was written while the file was read, and is quiet after it was read again', async () => {
    const path = file('m.safetensors');
    await writeFile(path, 'one');
    const { monitor, changes } = monitorOf(path);
    const mark = await monitor.mark();
    await writeFile(path, 'longer');
    await monitor.accept(mark);
    expect(changes).toMatchObject([{ kind: 'changed' }]);
    expect(monitor.current?.kind).toBe('changed');
    await monitor.accept(await monitor.mark());
    expect(changes[1]).toBeNull();
    expect(monitor.current).toBeNull();
  });
  test('a shard that appears changes its checkpoint', async () => {
    const index = file('model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ weight_map: { a: 'one.safetensors' } }));
    const { monitor, changes } = monitorOf(index);
    await monitor.accept(await monitor.mark());
    await writeFile(file('one.safetensors'), 'x');
    await expect.poll(() => changes.length > 0).toBe(true);
    expect(changes).toMatchObject([{ kind: 'changed', file: 'one.safetensors' }]);
  });
});
