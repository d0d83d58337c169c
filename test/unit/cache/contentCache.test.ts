import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as folderOfCache from '../../../src/cache/folder.ts';
import { cacheFacts, cacheKey, clearCache, ContentCache } from '../../../src/cache/index.ts';

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-results-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cache = (maxBytes = 1e9): ContentCache =>
  new ContentCache({ folder: join(folder, 'results'), maxBytes, warn: (line) => said.push(line) });
const content = (seed: number, length = 1000): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255);
const key = (n: number): string => cacheKey('test', n);
const fileOf = (n: number): string => join(folder, 'results', key(n).slice(0, 2), `${key(n)}.entry`);
const kept = async (from: ContentCache, n: number, length?: number): Promise<void> => {
  await from.put(key(n), content(n, length));
  await from.flush();
};

describe('an entry', () => {
  test('comes back as it was kept, in another process too, and no other key has it', async () => {
    await kept(cache(), 1);
    expect(Buffer.from((await cache().get(key(1))) ?? [])).toEqual(Buffer.from(content(1)));
    expect(await cache().get(key(2))).toBeNull();
    await kept(cache(), 1, 0);
    expect(await cache().get(key(1))).toHaveLength(0);
    expect(said).toEqual([]);
  });

  test('with any byte changed, cut anywhere, longer or renamed counts as missing, and is replaced', async () => {
    await kept(cache(), 1, 100);
    const whole = readFileSync(fileOf(1));
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(fileOf(1), damaged);
      expect(await cache().get(key(1)), `byte ${at}`).toBeNull();
      writeFileSync(fileOf(1), whole.subarray(0, at));
      expect(await cache().get(key(1)), `${at} bytes`).toBeNull();
    }
    for (const foreign of [Buffer.concat([whole, Buffer.of(0)]), Buffer.from('{"a": 1}')]) {
      writeFileSync(fileOf(1), foreign);
      expect(await cache().get(key(1))).toBeNull();
    }
    await kept(cache(), 2);
    writeFileSync(fileOf(2), whole);
    expect(await cache().get(key(2))).toBeNull();
    await kept(cache(), 1, 100);
    expect(readFileSync(fileOf(1))).toEqual(whole);
  });

  test('is for its owner alone', async () => {
    await kept(cache(), 1);
    if (process.platform !== 'win32') expect(statSync(join(folder, 'results')).mode & 0o777).toBe(0o700);
  });
});

test('the folder is looked over at the first write and at every 64th after it', async () => {
  const listed = vi.spyOn(folderOfCache, 'listEntries');
  const one = cache();
  for (let n = 0; n < 64; n++) await kept(one, n);
  expect(listed).toHaveBeenCalledTimes(1);
  await kept(one, 64);
  expect(listed).toHaveBeenCalledTimes(2);
  vi.restoreAllMocks();
});

describe('the bound', () => {
  const age = (n: number, seconds: number): void => {
    const time = new Date(Date.now() - seconds * 1000);
    utimesSync(fileOf(n), time, time);
  };
  const there = (numbers: number[]): number[] => numbers.filter((n) => existsSync(fileOf(n)));

  test('what was used longest ago goes first; what was read counts as used', async () => {
    const bound = 3600;
    for (const n of [1, 2, 3]) await kept(cache(bound), n);
    for (const [n, seconds] of [
      [1, 300],
      [2, 200],
      [3, 100],
    ] as const)
      age(n, seconds);
    await cache(bound).get(key(1));
    await kept(cache(bound), 4);
    expect(there([1, 2, 3, 4])).toEqual([1, 3, 4]);
    expect((await cacheFacts(join(folder, 'results'))).sizeBytes).toBeLessThanOrEqual(bound);
  });

  test('a base that is larger than the cache does not replace itself in turn: what this run has used stays', async () => {
    const large = 2 ** 20 + 1;
    const one = cache(2.5 * large);
    for (const n of [1, 2, 3, 4]) await kept(one, n, large);
    expect(there([1, 2, 3, 4])).toEqual([1, 2]);
    // small ones are worth more
    for (let n = 10; n < 13; n++) await kept(one, n, 2 ** 19);
    expect(there([10, 11, 12])).toEqual([10, 11, 12]);
    // of an earlier run it is what goes
    for (const n of there([1, 2])) age(n, 1000);
    await kept(cache(2.5 * large), 5, large);
    expect(there([1, 5])).toEqual([5]);
  });

  test('what alone is too large is not kept', async () => {
    await kept(cache(500), 1);
    expect(existsSync(fileOf(1))).toBe(false);
    expect(said).toEqual([]);
  });
});

test('a place that cannot be written is said once, in a sentence, and harms nothing', async () => {
  writeFileSync(join(folder, 'results'), 'a file in the way');
  const one = cache();
  for (const n of [1, 2]) await kept(one, n);
  expect(await one.get(key(1))).toBeNull();
  expect(said).toEqual([
    expect.stringMatching(
      /^Results can't be kept in .*results \((ENOTDIR|EEXIST)\), and this run goes on without: .*\.$/,
    ),
  ]);
});

test('clearing removes every entry and nothing else', async () => {
  for (const n of [1, 2, 3]) await kept(cache(), n);
  const mine = join(folder, 'results', 'notes.txt');
  writeFileSync(mine, 'x');
  writeFileSync(join(fileOf(1), '..', 'other.txt'), 'x');
  const { entries, sizeBytes } = await clearCache(join(folder, 'results'));
  expect(entries).toBe(3);
  expect(sizeBytes).toBeGreaterThan(3000);
  expect(await cacheFacts(join(folder, 'results'))).toEqual({ entries: 0, sizeBytes: 0 });
  expect(readFileSync(mine, 'utf8')).toBe('x');
  expect(readdirSync(join(fileOf(1), '..'))).toEqual(['other.txt']);
  expect(await clearCache(join(folder, 'none'))).toEqual({ entries: 0, sizeBytes: 0 });
});
