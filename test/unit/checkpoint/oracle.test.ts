import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { codes16, f32, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const SAMPLES = fileURLToPath(new URL('../../../media/samples', import.meta.url));

/** The Hub's protocol over a folder, as far as the client needs it: ranges of files, 404 for the rest. No network. */
function hubOver(folder: string): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const name = url.pathname.split('/resolve/main/')[1] ?? '';
    let content: Buffer;
    try {
      content = readFileSync(join(folder, name));
    } catch {
      return Promise.resolve(
        new Response('Entry not found', { status: 404, headers: { 'x-error-code': 'EntryNotFound' } }),
      );
    }
    const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '');
    const begin = range ? Number(range[1]) : 0;
    const end = range ? Math.min(Number(range[2]), content.length - 1) : content.length - 1;
    const headers = {
      etag: '"x"',
      'content-range': `bytes ${begin}-${end}/${content.length}`,
      'content-length': String(end - begin + 1),
    };
    return Promise.resolve(
      new Response(new Uint8Array(content.subarray(begin, end + 1)), { status: range ? 206 : 200, headers }),
    );
  };
}

/** Names, types, shapes and spans as the Hub's own parser sees them. */
async function oracle(folder: string, path: string): Promise<{ tensors: Map<string, object>; parameters: number }> {
  const parsed = await parseSafetensorsMetadata({
    repo: 'a/b',
    path,
    computeParametersCount: true,
    hubUrl: 'https://hub.invalid',
    fetch: hubOver(folder),
  });
  const headers = parsed.sharded ? Object.values(parsed.headers) : [parsed.header];
  const tensors = new Map<string, object>();
  for (const header of headers) {
    for (const [name, entry] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      const { dtype, shape, data_offsets } = entry as {
        dtype: string;
        shape: number[];
        data_offsets: [number, number];
      };
      tensors.set(name, { dtype, shape, sizeBytes: data_offsets[1] - data_offsets[0] });
    }
  }
  return { tensors, parameters: Object.values(parsed.parameterCount).reduce((a, b) => a + b, 0) };
}

async function expectAgreement(folder: string, path: string): Promise<void> {
  const expected = await oracle(folder, path);
  const checkpoint = await openCheckpoint(join(folder, path));
  const found = [...checkpoint.tensors.values()].map(
    ({ name, dtype, shape, sizeBytes }) => [name, { dtype, shape, sizeBytes }] as const,
  );
  expect(new Map(found)).toEqual(expected.tensors);
  expect(expected.tensors.size).toBeGreaterThan(0);
  expect(checkpoint.facts.parameters).toBe(expected.parameters);
  await checkpoint.close();
}

describe('the parser of @huggingface/hub as oracle', () => {
  it.each(['base', 'rl', 'sft', 'rl-hot', 'rl-steps/step-100'])('agrees on the sample %s', async (sample) => {
    await expectAgreement(join(SAMPLES, sample), 'model.safetensors');
  });
  it('agrees on the adapter', async () => {
    await expectAgreement(join(SAMPLES, 'rl-lora'), 'adapter_model.safetensors');
  });
  it('agrees on shards of mixed types and an odd header length', async () => {
    const folder = temporaryFolder();
    folder.write(
      'model-00001-of-00002.safetensors',
      safetensors(
        { a: { dtype: 'BF16', shape: [2, 3], data: codes16(6) }, s: { dtype: 'F32', shape: [1], data: f32(1) } },
        { format: 'pt' },
        1,
      ),
    );
    folder.write(
      'model-00002-of-00002.safetensors',
      safetensors({ 'é"b': { dtype: 'U8', shape: [5], data: new Uint8Array(5) } }),
    );
    folder.write('model.safetensors.index.json', {
      metadata: {},
      weight_map: {
        a: 'model-00001-of-00002.safetensors',
        s: 'model-00001-of-00002.safetensors',
        'é"b': 'model-00002-of-00002.safetensors',
      },
    });
    await expectAgreement(folder.path, 'model.safetensors.index.json');
  });
});
