/** The device's owner: the pool's cap and turns, errors by kind, a lost device, cancelling. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { DeviceMemoryError } from '../../../../src/linalg/webgpu/errors.ts';
import { STORAGE_BUFFER } from '../../../../src/linalg/webgpu/flags.ts';
import { sizeClass } from '../../../../src/linalg/webgpu/pool.ts';
import { upload } from '../../../../src/linalg/webgpu/upload.ts';
import { openTestDevice, type TestDevice } from './device.ts';

const MIB = 2 ** 20;
const opened: TestDevice[] = [];
let context: GpuContext;

async function open(memoryCap: number): Promise<{ held: TestDevice; context: GpuContext }> {
  const held = await openTestDevice();
  opened.push(held);
  return { held, context: createGpuContext(held.device, { memoryCap }) };
}

beforeAll(async () => {
  context = (await open(64 * MIB)).context;
});
afterAll(async () => {
  context?.dispose();
  for (const { device } of opened) {
    device.destroy();
    await device.lost;
  }
});

describe('pool', () => {
  it('rounds sizes up by a fifth at most', () => {
    for (const bytes of [1, 256, 257, 1000, 4096, 5000, 123_456, 2 ** 24 + 4, 3e8]) {
      expect(sizeClass(bytes)).toBeGreaterThanOrEqual(bytes);
      if (bytes > 2048) expect(sizeClass(bytes)).toBeLessThanOrEqual(bytes * 1.25);
      expect(sizeClass(bytes) % 256).toBe(0);
      expect(sizeClass(sizeClass(bytes))).toBe(sizeClass(bytes));
    }
  });

  it('uses a buffer again, and destroys free ones if another size needs the room', async () => {
    const { pool } = context;
    const first = await pool.acquire('first', 40 * MIB, STORAGE_BUFFER);
    pool.release(first);
    expect(await pool.acquire('again', 40 * MIB, STORAGE_BUFFER)).toBe(first);
    pool.release(first);
    const held = pool.heldBytes;
    const other = await pool.acquire('other', 48 * MIB, STORAGE_BUFFER);
    expect(pool.heldBytes).toBeLessThan(held + 48 * MIB);
    expect(pool.heldBytes).toBeLessThanOrEqual(64 * MIB);
    pool.release(other);
  });

  it('names the need if it does not fit', async () => {
    const { pool } = context;
    const half = await pool.acquire('half', 40 * MIB, STORAGE_BUFFER);
    const refused = pool.acquire('too much', 32 * MIB, STORAGE_BUFFER);
    await expect(refused).rejects.toBeInstanceOf(DeviceMemoryError);
    await expect(refused).rejects.toMatchObject({ code: 'device-lost', what: 'too much', limitBytes: 64 * MIB });
    pool.release(half);
    await expect(pool.acquire('one buffer', 2 ** 40, STORAGE_BUFFER)).rejects.toThrow(/one buffer may have/);
    await expect(pool.reserve('a batch', 65 * MIB)).rejects.toThrow(/a batch.*65 MiB.*64 MiB/);
  });

  it('admits reservations in turn, and lets a cancelled one go', async () => {
    const { pool } = context;
    const order: string[] = [];
    const end = await pool.reserve('a', 40 * MIB);
    const large = pool.reserve('b', 60 * MIB).then((release) => {
      order.push('b');
      return release;
    });
    const stop = new AbortController();
    const cancelled = pool.reserve('c', 1 * MIB, stop.signal);
    const small = pool.reserve('d', 1 * MIB).then((release) => {
      order.push('d');
      return release;
    });
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(order).toEqual([]);
    end();
    end(); // twice is once
    (await large)();
    (await small)();
    expect(order).toEqual(['b', 'd']);
    (await pool.reserve('all', 64 * MIB))();
  });
});

describe('reading back', () => {
  it('gives what was uploaded: odd lengths, shared memory, a view', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1003)).map((_, i) => i % 251).subarray(2);
    const words = await upload(context, shared);
    expect(words.bytes).toBe(1001);
    expect(new Uint8Array(await context.read(words.buffer, 0, 1001))).toEqual(Uint8Array.from(shared));
    expect(new Uint8Array(await context.read(words.buffer, 256, 5))).toEqual(
      Uint8Array.from(shared.subarray(256, 261)),
    );
    context.pool.release(words.buffer);
  });

  it('is cancelled', async () => {
    const words = await upload(context, new Uint8Array(64));
    const stop = new AbortController();
    const reading = context.read(words.buffer, 0, 64, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    expect(new Uint8Array(await context.read(words.buffer, 0, 64))).toEqual(new Uint8Array(64));
    context.pool.release(words.buffer);
  });
});

describe('errors', () => {
  it('a refused command says so, and the device goes on', async () => {
    const buffer = await context.pool.acquire('small', 256, STORAGE_BUFFER);
    const encoder = context.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, buffer, 0, 1024);
    await expect(context.submit('a copy onto itself', encoder)).rejects.toMatchObject({
      ...{ code: 'device-lost', message: expect.stringMatching(/refused a command \(a copy onto itself\)/) as string },
    });
    expect((await context.read(buffer, 0, 4)).byteLength).toBe(4);
    context.pool.release(buffer);
  });

  it('a kernel that does not compile names its line, and is tried again', async () => {
    const recipe = { label: 'broken', code: '\n@compute @workgroup_size(1) fn f() { nothing(); }', entryPoint: 'f' };
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(context.pipeline({ ...recipe, layout: 'auto' })).rejects.toThrow(/"broken".*line 2/);
    }
  });

  it('a device that is lost ends what waits, and what comes after', async () => {
    const other = await open(64 * MIB);
    const words = await upload(other.context, new Uint8Array(64));
    const reading = other.context.read(words.buffer, 0, 64);
    other.held.device.destroy();
    await expect(reading).rejects.toMatchObject({ code: 'device-lost' });
    await expect(other.context.read(words.buffer, 0, 64)).rejects.toThrow(/GPU device is gone/);
    await expect(other.context.pool.acquire('more', 1024, STORAGE_BUFFER)).rejects.toMatchObject({
      code: 'device-lost',
    });
    await expect(other.context.submit('work', other.held.device.createCommandEncoder())).rejects.toMatchObject({
      code: 'device-lost',
    });
    expect(other.context.lost?.code).toBe('device-lost');
    other.context.dispose();
  });
});
