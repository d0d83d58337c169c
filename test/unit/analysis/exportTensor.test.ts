import { linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportTensor, npyHeader } from '../../../src/analysis/exportTensor.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { decodeFloats } from '../../../src/numbers/index.ts';
import type { ExportEvent, ExportFormat } from '../../../src/protocol/matrix.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { codes16, f32, safetensors } from '../formats/build.ts';

const folder = temporaryFolder();
const bf16 = codes16(6 * 4, 16000);
const tensors = {
  'layer.weight': { dtype: 'BF16', shape: [6, 4], data: bf16 },
  plain: { dtype: 'F32', shape: [3], data: f32(1, -0, NaN) },
  flags: { dtype: 'BOOL', shape: [2, 1], data: Uint8Array.of(0, 1) },
  packed: { dtype: 'F6_E3M2', shape: [4], data: Uint8Array.of(1, 2, 3) },
  large: { dtype: 'F16', shape: [3000, 3000], data: codes16(9_000_000) },
};
const first = folder.write('a-00001-of-00002.safetensors', safetensors(tensors, undefined, 5));
const second = folder.write('a-00002-of-00002.safetensors', safetensors({ other: tensors.plain }));
const index = folder.write('a.safetensors.index.json', {
  weight_map: {
    ...Object.fromEntries(Object.keys(tensors).map((name) => [name, 'a-00001-of-00002.safetensors'])),
    other: 'a-00002-of-00002.safetensors',
  },
});

async function run(
  tensor: string,
  destination: string,
  format: ExportFormat,
  signal = new AbortController().signal,
): Promise<ExportEvent[]> {
  const events: ExportEvent[] = [];
  for await (const event of exportTensor({ path: index, tensor, destination, format }, signal)) events.push(event);
  return events;
}
const leftovers = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.part'));

/** What the NPY format 1.0 says, read byte by byte. */
function readNpy(file: string): { header: string; data: Uint8Array } {
  const bytes = readFileSync(file);
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const length = bytes.readUInt16LE(8);
  expect((10 + length) % 64).toBe(0);
  const header = bytes.subarray(10, 10 + length).toString('latin1');
  expect(header.endsWith('\n')).toBe(true);
  return { header: header.trimEnd(), data: new Uint8Array(bytes.subarray(10 + length)) };
}

describe('export', () => {
  test('.npy of bf16 is float32 with the same values', async () => {
    const file = join(folder.path, 'w.npy');
    const events = await run('layer.weight', file, 'npy');
    const { header, data } = readNpy(file);
    expect(header).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4), }");
    expect(new Float32Array(data.buffer)).toEqual(decodeFloats('BF16', bf16));
    expect(events.at(-1)).toEqual({ type: 'written', dtype: 'F32', sizeBytes: readFileSync(file).length });
  });
  test('.npy of a type that NumPy has keeps the bytes; vectors and scalars have their tuples', async () => {
    const file = join(folder.path, 'p.npy');
    await run('plain', file, 'npy');
    const { header, data } = readNpy(file);
    expect(header).toContain("'<f4'");
    expect(header).toContain("'shape': (3,)");
    expect(data).toEqual(new Uint8Array(tensors.plain.data));
    await run('flags', file, 'npy');
    expect(readNpy(file).header).toContain("'|b1'");
    expect(new TextDecoder('latin1').decode(npyHeader('<i8', []))).toContain("'shape': ()");
  });
  test('.safetensors keeps name, type, shape and bytes, and is opened again without a problem', async () => {
    const file = join(folder.path, 'single.safetensors');
    await run('large', file, 'safetensors');
    const opened = await openCheckpoint(file);
    expect(opened.problems).toEqual([]);
    const row = opened.tensors.get('large');
    expect(row).toMatchObject({ dtype: 'F16', shape: [3000, 3000], sizeBytes: 18_000_000 });
    const data = new Uint8Array(18_000_000);
    if (row) await opened.read(row, 0, data);
    expect(Buffer.compare(data, tensors.large.data)).toBe(0);
    await opened.close();
  });
  test('progress ends with all bytes', async () => {
    const events = await run('large', join(folder.path, 'l.npy'), 'npy');
    expect(events.filter(({ type }) => type === 'progress').at(-1)).toEqual({
      type: 'progress',
      done: 18_000_000,
      total: 18_000_000,
    });
    expect(events.length).toBeGreaterThan(3);
  });
  test('a type without .npy is refused and told the way', async () => {
    await expect(run('packed', join(folder.path, 'x.npy'), 'npy')).rejects.toThrow(/Export it as \.safetensors/);
  });
  test('a cancelled export leaves neither file nor part', async () => {
    const abort = new AbortController();
    const file = join(folder.path, 'cancelled.npy');
    const stream = exportTensor({ path: index, tensor: 'large', destination: file, format: 'npy' }, abort.signal);
    await stream.next();
    expect(leftovers().length).toBe(1);
    abort.abort();
    await expect(stream.next()).rejects.toThrow('Cancelled');
    expect(leftovers()).toEqual([]);
    expect(readdirSync(folder.path)).not.toContain('cancelled.npy');
  });
  test('nothing is written to the source, its shards, links to them, or another checkpoint', async () => {
    const before = [first, second, index].map((file) => readFileSync(file));
    const link = join(folder.path, 'link.npy');
    const hard = join(folder.path, 'hard.npy');
    symlinkSync(first, link);
    linkSync(second, hard);
    const other = folder.write('other.safetensors', safetensors({}));
    for (const destination of [first, second, index, link, hard])
      for (const format of ['npy', 'safetensors'] as const)
        await expect(run('plain', destination, format), destination).rejects.toThrow(
          /Nothing is ever written to a checkpoint/,
        );
    await expect(run('plain', other, 'safetensors')).rejects.toThrow(/never writes over a checkpoint/);
    await expect(run('plain', dirname(first), 'npy')).rejects.toThrow(/not a regular file/);
    [first, second, index].forEach((file, i) =>
      expect(Buffer.compare(readFileSync(file), before[i] as Buffer), file).toBe(0),
    );
    expect(leftovers()).toEqual([]);
  });
  test('an older export is replaced, a folder that is not there is named', async () => {
    const file = join(folder.path, 'old.npy');
    writeFileSync(file, 'old');
    await run('plain', file, 'npy');
    expect(readNpy(file).data.length).toBe(12);
    await expect(run('plain', join(folder.path, 'no', 'x.npy'), 'npy')).rejects.toThrow(/can't be written \(ENOENT\)/);
  });
});
