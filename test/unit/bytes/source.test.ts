import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { byteSourceOf, openByteSource, type FileStamp, type ReadableHandle } from '../../../src/bytes/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'offaxis-bytes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

/** Gives at most three bytes a call. */
const short: ReadableHandle = {
  read(target, at, length, offset) {
    const part = bytes.subarray(offset, offset + Math.min(3, length));
    target.set(part, at);
    return Promise.resolve({ bytesRead: part.length });
  },
  stamp: () => Promise.resolve(stamp(1000)),
  close: () => Promise.resolve(),
};
function stamp(sizeBytes: number): FileStamp {
  return { sizeBytes, modifiedNs: 0n, inode: 1n, device: 1n };
}

describe('a byte source', () => {
  it('loops over short reads', async () => {
    const target = new Uint8Array(500);
    await byteSourceOf(short, 'short', stamp(1000)).read(17, target);
    expect(target).toEqual(bytes.slice(17, 517));
  });
  it('names file and byte if the file ends early', async () => {
    await expect(byteSourceOf(short, 'short', stamp(2000)).read(990, new Uint8Array(20))).rejects.toThrow(
      /short ends at byte 1000, 10 bytes early/,
    );
  });
  it('stops between pieces when it is cancelled', async () => {
    const controller = new AbortController();
    let calls = 0;
    const handle: ReadableHandle = {
      ...short,
      read: (...rest) => {
        if (++calls === 3) controller.abort();
        return short.read(...rest);
      },
    };
    await expect(
      byteSourceOf(handle, 'short', stamp(1000)).read(0, new Uint8Array(500), controller.signal),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(calls).toBe(3);
  });
  it('reads a file, also into shared memory', async () => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, bytes);
    const source = await openByteSource(path);
    const target = new Uint8Array(new SharedArrayBuffer(10));
    await source.read(100, target);
    expect([...target]).toEqual([...bytes.slice(100, 110)]);
    expect(source.sizeBytes).toBe(1000);
    await source.close();
  });
  it('says what is wrong with a path', async () => {
    await expect(openByteSource(join(folder, 'none'))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('does not exist') as string,
    });
    await expect(openByteSource(folder)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('not a regular file') as string,
    });
  });
});
