import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint } from '../../../src/comparison/stamps.ts';
import { ComparisonStore, type StoredComparison } from '../../../src/comparison/store.ts';
import { createOutput } from '../../../src/files/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { BACKEND, comparisonPlan, matrixDetail, plannedPair, tensor } from '../makers.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offaxis-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function stored(tuned: string): StoredComparison {
  return {
    spec: { base: '/m/base', tuned, parameters: DEFAULT_PARAMETERS },
    plan: comparisonPlan([plannedPair('__proto__')], { base: '/m/base', tuned }),
    backend: BACKEND,
    tensors: [tensor('__proto__')],
    details: [
      matrixDetail('__proto__', {
        baseSingularValues: [1 + 2 ** -40, 1e-30],
        tunedSingularValues: [1, 0.5],
        updateSingularValues: [2 ** -40],
        anglesU: [0.25, 90],
        rowDensity: [0.5],
      }),
    ],
    failed: [{ name: 'x', error: { code: 'read-failed', message: 'gone' } }],
    complete: true,
    fingerprint: 'f',
  };
}

/** The same comparison with other results, as another window may have them. */
function withMatrices(names: string[], change: Partial<StoredComparison> = {}): StoredComparison {
  return {
    ...stored('/m/rl'),
    tensors: names.map((name) => tensor(name, { angleRank: 1 })),
    details: names.map((name) => matrixDetail(name)),
    failed: [],
    complete: false,
    ...change,
  };
}
const { spec } = stored('/m/rl');

describe('ComparisonStore', () => {
  test('what was saved is loaded, spectra to the last bit', async () => {
    const store = new ComparisonStore(join(directory, 'new', 'folder'));
    const one = stored('/m/rl');
    await store.save(one);
    expect(await store.load(one.spec)).toMatchObject({ comparison: one, damaged: [] });
  });
  test('another tuned model or another parameter is another comparison', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/rl'));
    const alpha = { ...spec, parameters: { ...DEFAULT_PARAMETERS, alpha: 0.5 } };
    for (const other of [stored('/m/sft').spec, alpha])
      expect(await store.load(other)).toEqual({ comparison: null, damaged: [] });
  });
  test('the oldest go when there are too many', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/first'));
    const [first] = readdirSync(directory);
    utimesSync(join(directory, first as string), 1, 1);
    for (let i = 0; i < 22; i++) await store.save(stored(`/m/${i}`));
    expect(readdirSync(directory)).toHaveLength(20);
    expect((await store.load(stored('/m/first').spec)).comparison).toBeNull();
    expect((await store.load(stored('/m/21').spec)).comparison).not.toBeNull();
  });
});

describe('a damaged file', () => {
  test('changed bytes and cuts are seen, and the file set aside', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/rl'));
    const [name] = readdirSync(directory);
    const file = join(directory, name as string);
    const whole = readFileSync(file);
    const cuts = [0, 7, 20, 44, whole.length - 1].map((length) => whole.subarray(0, length));
    // what says what the file is, byte by byte; of the content, whose sum is one, some of every part
    const flips = Array.from(whole, (byte, i) => {
      const flipped = Buffer.from(whole);
      flipped[i] = byte ^ (1 << (i % 8));
      return flipped;
    }).filter((_, i) => i < 64 || i % 13 === 0 || i >= whole.length - 8);
    for (const bytes of [...cuts, ...flips]) {
      writeFileSync(file, bytes);
      expect(await store.load(spec)).toEqual({ comparison: null, damaged: [`${file}.damaged`] });
      expect(readFileSync(`${file}.damaged`).equals(bytes)).toBe(true);
      expect(readdirSync(directory)).toEqual([`${name}.damaged`]);
    }
    expect(await store.load(spec)).toEqual({ comparison: null, damaged: [] });
  });
  test('of another version is passed over in silence, and left to who can read it', async () => {
    const store = new ComparisonStore(directory);
    await store.save(stored('/m/rl'));
    const [name] = readdirSync(directory);
    const [magic, version, body] = [Buffer.from('offaxis\n'), Buffer.from([99, 0, 0, 0]), Buffer.from('later')];
    const sum = createHash('sha256').update(magic).update(version).update(body).digest();
    writeFileSync(join(directory, name as string), Buffer.concat([magic, version, sum, body]));
    expect(await store.load(spec)).toEqual({ comparison: null, damaged: [] });
    expect(readdirSync(directory)).toEqual([name]);
  });
  test('few are kept', async () => {
    const store = new ComparisonStore(directory);
    for (let i = 0; i < 9; i++) writeFileSync(join(directory, `${i}.results.damaged`), '');
    await store.save(stored('/m/rl'));
    expect(readdirSync(directory).filter((name) => name.endsWith('.damaged'))).toHaveLength(3);
  });
});

describe('two windows', () => {
  const names = (one: StoredComparison | null): string[] => (one?.tensors ?? []).map(({ name }) => name).sort();

  test('that save one comparison lose nothing of each other', async () => {
    const [one, other] = [new ComparisonStore(directory), new ComparisonStore(directory)];
    await one.save(withMatrices(['a', 'b']));
    await other.save(
      withMatrices(['b', 'c'], { failed: [{ name: 'a', error: { code: 'read-failed', message: 'x' } }] }),
    );
    const { comparison, damaged } = await new ComparisonStore(directory).load(spec);
    expect(damaged).toEqual([]);
    expect(names(comparison)).toEqual(['a', 'b', 'c']);
    expect(comparison?.details.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
  });
  test('at the same moment, again and again: no save fails, and none is half there', async () => {
    const windows = Array.from({ length: 4 }, () => new ComparisonStore(directory));
    for (let round = 0; round < 8; round++) {
      const saves = windows.flatMap((store, i) => [
        store.save(withMatrices([`w${i}`])),
        store.save(stored(`/m/${round}-${i}`)),
      ]);
      const reads = windows.map((store) => store.load(spec));
      await Promise.all(saves);
      for (const { damaged } of await Promise.all(reads)) expect(damaged).toEqual([]);
    }
    expect(names((await new ComparisonStore(directory).load(spec)).comparison)).toEqual(['w0', 'w1', 'w2', 'w3']);
  });
  test('results of other bytes are not mixed in: the newest state of the files counts', async () => {
    await new ComparisonStore(directory).save(withMatrices(['a'], { complete: true, fingerprint: 'before' }));
    for (const name of readdirSync(directory)) utimesSync(join(directory, name), 1, 1);
    await new ComparisonStore(directory).save(withMatrices(['b'], { fingerprint: 'after' }));
    const { comparison } = await new ComparisonStore(directory).load(spec);
    expect(comparison).toMatchObject({ fingerprint: 'after', complete: false });
    expect(names(comparison)).toEqual(['b']);
  });
  test('the file of one that is gone goes when its results are saved again; that of one that runs stays', async () => {
    await new ComparisonStore(directory).save(withMatrices(['gone']));
    const [name] = readdirSync(directory);
    // beyond the largest process id of any system
    const dead = (name as string).replace(`-${process.pid}-`, '-999999999-');
    renameSync(join(directory, name as string), join(directory, dead));
    await new ComparisonStore(directory).save(withMatrices(['runs']));
    const store = new ComparisonStore(directory);
    const { comparison } = await store.load(spec);
    expect(names(comparison)).toEqual(['gone', 'runs']);
    await store.save({ ...withMatrices([]), ...comparison });
    expect(readdirSync(directory)).toHaveLength(2);
    expect(readdirSync(directory)).not.toContain(dead);
    expect(names((await store.load(spec)).comparison)).toEqual(['gone', 'runs']);
  });
});

describe('a save is whole or not there', () => {
  test('who reads the earlier one goes on with it to its end', async () => {
    const store = new ComparisonStore(directory);
    await store.save(withMatrices(['a']));
    const file = join(directory, readdirSync(directory)[0] as string);
    const before = readFileSync(file);
    const reader = openSync(file, 'r');
    await store.save(withMatrices(['b', 'c']));
    expect(readFileSync(reader).equals(before)).toBe(true);
    closeSync(reader);
    expect(readFileSync(file).equals(before)).toBe(false);
  });
  test('one that fails leaves nothing behind, and says why', async () => {
    const store = new ComparisonStore(directory);
    await store.save(withMatrices(['a']));
    const [name] = readdirSync(directory);
    // a folder in its place
    rmSync(join(directory, name as string));
    mkdirSync(join(directory, name as string, 'in the way'), { recursive: true });
    await expect(store.save(withMatrices(['b']))).rejects.toThrow(/not a regular file/);
    expect(readdirSync(directory)).toEqual([name]);
  });
});

test('what a killed window left half written is gone when the store opens; what a running one writes stays', async () => {
  const output = await createOutput(join(directory, 'x.results'));
  const [alive = ''] = readdirSync(directory);
  // no system gives a process this number
  writeFileSync(join(directory, alive.replace(`-${process.pid}-`, '-4194999-')), 'half');
  writeFileSync(join(directory, `${'0'.repeat(32)}.comparison.4194999.tmp`), 'half');
  new ComparisonStore(directory);
  await expect.poll(() => readdirSync(directory)).toEqual([alive]);
  await output.discard();
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
        const { comparison: found } = await another.load(large(0).spec);
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
  });
});

test('the fingerprint tells when a file or a folder of shards has changed', async () => {
  const file = join(directory, 'model.safetensors');
  writeFileSync(file, 'one');
  utimesSync(file, 1000, 1000);
  const before = await fingerprint([file, directory, join(directory, 'missing')]);
  expect(await fingerprint([file, directory, join(directory, 'missing')])).toBe(before);
  writeFileSync(file, 'two');
  utimesSync(file, 1001, 1001);
  expect(await fingerprint([file, '/nowhere'])).not.toBe(before);
  expect(await fingerprint([directory])).not.toBe(before.split('\n')[1]);
});
test('the fingerprint of a step tells of files deeper in its folder; that of a base not of the steps that it holds', async () => {
  const [run, step] = [join(directory, 'run'), join(directory, 'run', 'global_step_100')];
  mkdirSync(join(step, 'actor'), { recursive: true });
  const [top, deep] = [join(run, 'model.safetensors'), join(step, 'actor', 'model.safetensors')];
  for (const file of [top, deep]) writeFileSync(file, 'one');
  const before = [await fingerprint([step]), await fingerprint([run])];
  writeFileSync(deep, 'another one');
  expect(await fingerprint([step])).not.toBe(before[0]);
  expect(await fingerprint([run])).toBe(before[1]);
  writeFileSync(top, 'another one');
  expect(await fingerprint([run])).not.toBe(before[1]);
});
