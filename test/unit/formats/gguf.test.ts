/** GGUF files that gguf-py wrote, against its own values; and what is refused. `every-type` has random codes of every type that is decoded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../../src/formats/index.ts';
import { GGML_TYPES } from '../../../src/numbers/index.ts';
import { expectSameValues } from '../checkpoint/sameValues.ts';
import { memorySource } from './build.ts';
import { openedCheckpoints } from '../checkpoint/opened.ts';

const FOLDER = 'test/fixtures/formats/gguf';
const open = openedCheckpoints();
const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name)));
const found = async (file: Uint8Array) =>
  (await readHeader(memorySource(file), 'case.gguf')).problems.map(({ code }) => code);

describe('GGUF', () => {
  it.each(['tiny-F32', 'tiny-F16', 'tiny-Q4_0', 'tiny-Q4_K', 'tiny-Q6_K', 'tiny-Q8_0', 'every-type'])(
    '%s stands for the values that gguf-py gives, to the bit',
    async (name) => {
      const checkpoint = await open(join(FOLDER, `${name}.gguf`));
      expect(checkpoint.problems).toEqual([]);
      expect(checkpoint.facts.format).toBe('GGUF, one file');
      const twin = await open(join(FOLDER, `${name}.twin.safetensors`));
      await expectSameValues(checkpoint, twin);
      expect(checkpoint.facts.parameters).toBe(twin.facts.parameters);
    },
  );

  it('every type that is decoded is among them', async () => {
    const rows = (await open(join(FOLDER, 'every-type.gguf'))).tensors;
    const tried = new Set([...rows.values()].map(({ dtype }) => dtype));
    const decoded = [...GGML_TYPES.values()].filter(({ decode }) => decode !== null).map(({ name }) => name);
    expect(decoded.filter((name) => !tried.has(name))).toEqual([]);
  });

  it('tells how it is quantised, and the model from its metadata', async () => {
    const checkpoint = await open(join(FOLDER, 'tiny-Q4_K.gguf'));
    expect(checkpoint.facts.quantisation.map(({ text, parameters }) => [text, parameters])).toEqual([
      ['Q4_K, blocks of 256', 49152],
    ]);
    expect(checkpoint.facts.metadata['general.architecture']).toBe('llama');
    expect(checkpoint.config).toMatchObject({
      modelType: 'llama',
      layers: 1,
      hiddenSize: 256,
      attentionHeads: 4,
      keyValueHeads: 1,
    });
    expect(checkpoint.tensors.get('blk.0.attn_q.weight')).toMatchObject({
      layer: 0,
      module: 'attn_q',
      role: 'block',
      spectral: true,
    });
  });

  it('of a type that is not decoded counts its weights and leaves their values out', async () => {
    const file = bytes('tiny-Q6_K.gguf');
    // IQ3_S has blocks of 110 bytes, fewer than Q6_K's 210: the place still holds.
    const name = Buffer.from(file).indexOf('blk.0.attn_q.weight');
    file[name + 19 + 4 + 16] = 21;
    const { entries, problems } = await readHeader(memorySource(file), 'case.gguf');
    expect(problems).toEqual([]);
    expect(entries.get('blk.0.attn_q.weight')).toMatchObject({
      dtype: 'IQ3_S',
      shape: [128, 256],
      sizeBytes: 128 * 110,
    });
    file[name + 19 + 4 + 16] = 77;
    expect(await found(file)).toEqual(['tensor-not-read']);
  });

  it('that is damaged, cut off, big-endian or something else says so', async () => {
    const file = bytes('tiny-Q8_0.gguf');
    expect(await found(file.slice(0, 300))).toEqual(['gguf-damaged']);
    expect(await found(file.slice(0, -200))).toContain('tensor-not-read');
    expect(
      await found(Uint8Array.from(file, (byte, at) => (at >= 4 && at < 8 ? ([0, 0, 0, 3][at - 4] ?? 0) : byte))),
    ).toEqual(['big-endian']);
    expect(await found(Uint8Array.from(file, (byte, at) => (at === 4 ? 1 : byte)))).toEqual(['gguf-version']);
    expect(await found(Uint8Array.of(0x50, 0x4b, 3, 4))).toEqual(['zip-archive']);
    expect(await found(new Uint8Array(0))).toEqual(['not-gguf']);
  });
});
