import { truncateSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { CheckpointCache } from '../../../src/analysis/checkpointCache.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { cpuMs } from '../growth.ts';

const folder = temporaryFolder();
const many = (count: number): Uint8Array =>
  safetensors(
    Object.fromEntries(
      Array.from({ length: count }, (_, i): [string, Entry] => [
        `model.layers.${i}.mlp.up_proj.weight`,
        { dtype: 'F32', shape: [0, 2], data: new Uint8Array() },
      ]),
    ),
  );
/** How many bytes are read of any file through handles, as long as `work` runs. */
async function bytesRead(path: string, work: () => Promise<void>): Promise<number> {
  const handle = await open(path);
  const reads = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'read');
  try {
    await handle.close();
    await work();
    return (await Promise.all(reads.mock.results.map(({ value }) => value as Promise<{ bytesRead: number }>))).reduce(
      (sum, { bytesRead }) => sum + bytesRead,
      0,
    );
  } finally {
    reads.mockRestore();
  }
}

describe('headers read in passing', () => {
  test('one within the limits is read, and kept', async () => {
    const path = folder.write('small.safetensors', many(4));
    const cache = new CheckpointCache();
    const facts = await cache.facts(path, undefined, { headerBytes: 10_000, milliseconds: 600_000 });
    expect(facts.tensors).toHaveLength(4);
    expect(await cache.facts(path)).toBe(facts);
    await cache.dispose();
  });
  test('of one that claims too many bytes nothing but the claim is read', async () => {
    const claim = new Uint8Array(8);
    new DataView(claim.buffer).setBigUint64(0, 90_000_000n, true);
    const path = folder.write('claims.safetensors', claim);
    truncateSync(path, 100_000_000);
    const cache = new CheckpointCache();
    const read = await bytesRead(path, async () => {
      await expect(cache.facts(path, undefined, { headerBytes: 1e6, milliseconds: 600_000 })).rejects.toThrow(
        /claims.safetensors: its headers have more than 1000000 bytes, too many to be read in passing/,
      );
    });
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(100_000);
    await cache.dispose();
  });
  test('the index and the headers of all shards count together, and so does what is open already', async () => {
    const shard = many(3);
    const names = Array.from({ length: 4 }, (_, i) => `model-0000${i + 1}-of-00004.safetensors`);
    for (const name of names) folder.write(`sharded/${name}`, shard);
    const path = folder.write('sharded/model.safetensors.index.json', {
      metadata: {},
      weight_map: Object.fromEntries(names.map((name, i) => [`model.layers.${i}.mlp.up_proj.weight`, name])),
    });
    const cache = new CheckpointCache();
    const limits = { headerBytes: 3.5 * shard.length, milliseconds: 600_000 };
    await expect(cache.facts(path, undefined, limits)).rejects.toThrow(/too many/);
    const { headerBytes } = await cache.facts(path);
    expect(headerBytes).toBeGreaterThan(0);
    await expect(cache.facts(path, undefined, { headerBytes: headerBytes - 1, milliseconds: 600_000 })).rejects.toThrow(
      /have more than/,
    );
    await cache.dispose();
  });
  test('one that takes longer than was given is left, and says so', async () => {
    const path = folder.write('long.safetensors', many(60_000));
    const cache = new CheckpointCache();
    const whole = await cpuMs(() => new CheckpointCache().facts(path));
    const left = await cpuMs(async () => {
      await expect(cache.facts(path, undefined, { headerBytes: 1e9, milliseconds: 1 })).rejects.toThrow(
        /long.safetensors could not be opened within 1 ms/,
      );
    });
    expect(left).toBeLessThan(whole / 2);
    await cache.dispose();
  });
});

describe('a checkpoint that is open', () => {
  test('is opened anew once the configuration of its adapter changed, as its scale may have', async () => {
    const factor = (shape: number[]): Entry => ({ dtype: 'F32', shape, data: new Uint8Array(64) });
    const name = 'base_model.model.model.layers.0.mlp.up_proj.lora_';
    const factors = { [`${name}A.weight`]: factor([2, 8]), [`${name}B.weight`]: factor([8, 2]) };
    const path = folder.write('adapter/adapter_model.safetensors', safetensors(factors));
    const config = (alpha: number): string =>
      folder.write(
        'adapter/adapter_config.json',
        `{"peft_type":"LORA","r":2,"lora_alpha":${alpha},"target_modules":["up_proj"]}`,
      );
    config(2);
    const cache = new CheckpointCache();
    expect((await cache.facts(path)).adapter?.scale).toBe(1);
    config(16);
    expect((await cache.facts(path)).adapter?.scale).toBe(8);
    await cache.dispose();
  });
});
