import { describe, expect, it } from 'vitest';
import { FORMATS, formatOf, isCheckpointFile, isIndexFile, readHeader } from '../../../src/formats/index.ts';
import { f32, memorySource, safetensors } from './build.ts';

const file = safetensors({ a: { dtype: 'F32', shape: [1], data: f32(1) } });
const [first] = FORMATS;

describe('the format of a file', () => {
  it('is told by its suffix, else by its first bytes', async () => {
    expect(isCheckpointFile('model.safetensors')).toBe(true);
    expect(isCheckpointFile('model.safetensors.index.json')).toBe(false);
    expect(isIndexFile('model.safetensors.index.json')).toBe(true);
    expect(first.claims(file, file.length)).toBe(true);
    expect(first.claims(file, 20)).toBe(false);
    expect(first.claims(new TextEncoder().encode('GGUF and more of it'), 19)).toBe(false);
    expect(await formatOf(memorySource(file), 'model.bin')).toBe(first);
  });
  it('reads a header into entries under any name, and says what a file is that has none', async () => {
    expect([...(await readHeader(memorySource(file), 'model.bin')).entries.keys()]).toEqual(['a']);
    const { problems } = await readHeader(memorySource(new TextEncoder().encode('GGUF and more of it')), 'model.bin');
    expect(problems.map(({ code }) => code)).toEqual(['gguf-version']);
  });
});
