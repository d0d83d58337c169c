import { closeSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openByteSource, type ByteSource } from '../../../src/bytes/index.ts';
import { Neighbours } from '../../../src/checkpoint/neighbours.ts';
import { temporaryFolder } from './folder.ts';

/** A real file whose readings and looks are counted. */
const folder = temporaryFolder();
const BYTES = 200_000;
const byteAt = (at: number): number => (at * 7 + (at >> 8)) % 251;
let made = 0;
async function opened(): Promise<{ path: string; source: ByteSource; counts: { reads: number; checks: number } }> {
  const path = join(folder.path, `neighbours-${made++}.bin`);
  writeFileSync(
    path,
    Uint8Array.from({ length: BYTES }, (_, at) => byteAt(at)),
  );
  const inner = await openByteSource(path);
  const counts = { reads: 0, checks: 0 };
  const source: ByteSource = {
    ...inner,
    read: (...rest) => (counts.reads++, inner.read(...rest)),
    check: (stamp) => (counts.checks++, inner.check(stamp)),
  };
  return { path, source, counts };
}
function overwrite(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(
    file,
    Uint8Array.from({ length: 64 }, () => 255),
    0,
    64,
    100,
  );
  closeSync(file);
  utimesSync(path, 1, 1);
}
const expected = (from: number, length: number): number[] => Array.from({ length }, (_, i) => byteAt(from + i));
async function bytes(neighbours: Neighbours, from: number, length: number): Promise<number[]> {
  const target = new Uint8Array(length);
  await neighbours.read(from, target);
  return [...target];
}

describe('small pieces of a file', () => {
  it('come with one read and one look at the file for all that lie together', async () => {
    const { source, counts } = await opened();
    const neighbours = new Neighbours(source, source.stamp);
    for (let at = 0; at < 60_000; at += 30) expect(await bytes(neighbours, at, 30)).toEqual(expected(at, 30));
    expect(counts).toEqual({ reads: 1, checks: 1 });
    await Promise.all(Array.from({ length: 100 }, (_, i) => bytes(neighbours, 70_000 + 16 * i, 16)));
    expect(counts).toEqual({ reads: 2, checks: 2 });
    await source.close();
  });

  it('are right at every place: across two windows, at the end, larger than a window gives, and of no bytes', async () => {
    const { source } = await opened();
    const neighbours = new Neighbours(source, source.stamp);
    for (const [from, length] of [
      [65_530, 20],
      [65_536 + 4096 - 10, 4096],
      [0, 4096],
      [3, 4097],
      [10, 100_000],
      [BYTES - 5, 5],
      [BYTES, 0],
      [7, 0],
    ] as const)
      expect(await bytes(neighbours, from, length)).toEqual(expected(from, length));
    await expect(bytes(neighbours, BYTES - 5, 6)).rejects.toMatchObject({ code: 'read-failed' });
    await source.close();
  });

  it('are read once more for who asks once more: the file may have changed since', async () => {
    const { path, source, counts } = await opened();
    const neighbours = new Neighbours(source, source.stamp);
    await bytes(neighbours, 0, 50);
    await bytes(neighbours, 50, 50);
    expect(counts.reads).toBe(1);
    await bytes(neighbours, 0, 50);
    expect(counts).toEqual({ reads: 2, checks: 2 });
    overwrite(path);
    await expect(bytes(neighbours, 0, 50)).rejects.toThrow(/has changed since it was opened/);
    await source.close();
  });

  it('fail one by one, and those that can be read are, if a window cannot', async () => {
    const { source, counts } = await opened();
    const broken: ByteSource = {
      ...source,
      read: (offset, target, signal) =>
        offset < 500 && offset + target.length > 500
          ? Promise.reject(new Error('byte 500 is not to be had'))
          : source.read(offset, target, signal),
    };
    const neighbours = new Neighbours(broken, source.stamp);
    expect(await bytes(neighbours, 100, 100)).toEqual(expected(100, 100));
    await expect(bytes(neighbours, 450, 100)).rejects.toThrow('byte 500');
    expect(await bytes(neighbours, 600, 100)).toEqual(expected(600, 100));
    // alone, each with its own look
    expect(counts).toEqual({ reads: 2, checks: 2 });
    await source.close();
  });

  it('stop for a signal, before and while the window is read, without a loss for who waits for the same one', async () => {
    const { source } = await opened();
    const neighbours = new Neighbours(source, source.stamp);
    await expect(neighbours.read(0, new Uint8Array(8), AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    const abort = new AbortController();
    const stopped = neighbours.read(0, new Uint8Array(8), abort.signal);
    const other = bytes(neighbours, 8, 8);
    abort.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(await other).toEqual(expected(8, 8));
    await source.close();
  });
});
