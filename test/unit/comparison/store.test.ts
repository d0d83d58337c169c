import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComparisonStore, fingerprint, type StoredComparison } from '../../../src/comparison/store.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { tensor } from '../export/fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offaxis-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function stored(tuned: string): StoredComparison {
  return {
    spec: { base: '/m/base', tuned, parameters: DEFAULT_PARAMETERS },
    plan: {
      base: '/m/base',
      tuned,
      pairs: [
        {
          name: '__proto__',
          layer: 0,
          module: 'q',
          shape: [2, 2],
          dtype: { base: 'F32', tuned: 'F32' },
          spectral: true,
        },
      ],
      skipped: [],
      unpaired: { baseOnly: [], tunedOnly: [] },
      layers: 1,
      cost: { bytesToRead: 1, weights: 4, matrices: 1, flops: 1, peakBytes: 1 },
      heads: null,
      problems: [],
    },
    backend: { kind: 'cpu', name: 'WASM', precision: 'float64', threads: 2 },
    tensors: [tensor('__proto__')],
    details: [
      {
        name: '__proto__',
        baseSingularValues: [1 + 2 ** -40, 1e-30],
        tunedSingularValues: [1, 0.5],
        updateSingularValues: [2 ** -40],
        anglesU: [0.25, 90],
        anglesV: [],
        rowDensity: [0.5],
        columnDensity: [],
      },
    ],
    failed: [{ name: 'x', error: { code: 'read-failed', message: 'gone' } }],
    complete: true,
    fingerprint: 'f',
  };
}

describe('ComparisonStore', () => {
  test('what was saved is loaded, spectra to the last bit', async () => {
    const store = new ComparisonStore(join(directory, 'new', 'folder'));
    const one = stored('/m/rl');
    await store.save(one);
    expect(await store.load(one.spec)).toMatchObject(one);
  });
  test('another tuned model or another parameter is another comparison', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/rl'));
    expect(await store.load(stored('/m/sft').spec)).toBeNull();
    expect(await store.load({ ...stored('/m/rl').spec, parameters: { ...DEFAULT_PARAMETERS, alpha: 0.5 } })).toBeNull();
  });
  test('a damaged file is an error that the caller can tell', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/rl'));
    const [name] = readdirSync(directory);
    writeFileSync(join(directory, name as string), 'not v8');
    await expect(store.load(stored('/m/rl').spec)).rejects.toThrow();
  });
  test('the oldest go when there are too many', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/first'));
    const [first] = readdirSync(directory);
    utimesSync(join(directory, first as string), 1, 1);
    for (let i = 0; i < 22; i++) await store.save(stored(`/m/${i}`));
    expect(readdirSync(directory)).toHaveLength(20);
    expect(await store.load(stored('/m/first').spec)).toBeNull();
    expect(await store.load(stored('/m/21').spec)).not.toBeNull();
  });
});

describe('a writer and readers at once', () => {
  const VALUES = 60_000;
  /** Some 1.4 MB, which take long enough to write that a reader would meet half of them. */
  function large(run: number): StoredComparison {
    const values = Array.from({ length: VALUES }, (_, i) => i + run);
    const details = stored('/m/rl').details.map((detail) => ({
      ...detail,
      baseSingularValues: values,
      tunedSingularValues: values,
      updateSingularValues: values,
    }));
    return { ...stored('/m/rl'), fingerprint: `run ${run}`, details };
  }

  test('a reader finds the earlier one or the new one, never half of one, and never none', async () => {
    const store = new ComparisonStore(directory);
    const another = new ComparisonStore(directory);
    await store.save(large(0));
    let writing = true;
    const seen = new Set<string>();
    const read = async (): Promise<void> => {
      while (writing) {
        const found = await another.load(large(0).spec);
        const last = found?.details[0]?.updateSingularValues.at(-1) ?? NaN;
        expect(found?.fingerprint).toBe(`run ${last - (VALUES - 1)}`);
        seen.add(found?.fingerprint ?? 'none');
      }
    };
    const readers = Promise.all([read(), read()]);
    // A reader that fails is told below.
    readers.catch(() => undefined);
    for (let run = 1; run <= 12; run++) await store.save(large(run));
    writing = false;
    await readers;
    expect(seen.size).toBeGreaterThan(1);
  }, 60_000);
});

test('the fingerprint tells when a file or a folder of shards has changed', async () => {
  const file = join(directory, 'model.safetensors');
  writeFileSync(file, 'one');
  utimesSync(file, 1000, 1000);
  const before = await fingerprint(file, directory, join(directory, 'missing'));
  expect(await fingerprint(file, directory, join(directory, 'missing'))).toBe(before);
  writeFileSync(file, 'two');
  utimesSync(file, 1001, 1001);
  expect(await fingerprint(file, '/nowhere')).not.toBe(before);
  expect(await fingerprint(directory)).not.toBe(before.split('\n')[1]);
});
