import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CheckpointCache } from '../../../../src/analysis/checkpointCache.ts';
import { stepsIn } from '../../../../src/checkpoint/steps.ts';
import { whyNot } from '../../../../src/comparison/several/stepFiles.ts';
import { StepWatcher, type StepFolder } from '../../../../src/comparison/several/stepWatcher.ts';
import { stampsOf } from '../../../../src/comparison/stamps.ts';
import type { EngineClient } from '../../../../src/engine/client.ts';
import { OffaxisError } from '../../../../src/protocol/errors.ts';
import { packFacts } from '../../../../src/protocol/packedFacts.ts';
import type { NewStep } from '../../../../src/protocol/severalViews.ts';

const SAMPLE = 'media/samples/rl/model.safetensors';
const BYTES = readFileSync(SAMPLE);

let folder: string;
let cache: CheckpointCache;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-steps-'));
  cache = new CheckpointCache();
});
afterEach(async () => {
  await cache.dispose();
  rmSync(folder, { recursive: true });
});

/** The engine's own opening of a checkpoint, in this process. */
const engine = {
  call: async (_: string, { path }: { path: string }) => packFacts(await cache.facts(path)),
} as unknown as Pick<EngineClient, 'call'>;

/** Nothing looks by itself: each test says when. */
function watcher(known: readonly string[] = [], change: Partial<StepFolder> = {}): StepWatcher {
  const steps: StepFolder = {
    list: () => stepsIn(folder),
    mark: stampsOf,
    whyNot: (path) => whyNot(path, engine),
    watch: () => ({ dispose: () => undefined }),
    ...change,
  };
  return new StepWatcher(
    steps,
    ({ path }) => known.includes(path),
    () => undefined,
    1,
  );
}
const step = (number: number): string => join(folder, `step-${number}`);
function write(number: number, bytes: Buffer): string {
  mkdirSync(step(number), { recursive: true });
  const file = join(step(number), 'model.safetensors');
  writeFileSync(file, bytes);
  return file;
}
const shown = (steps: readonly NewStep[]): [number, boolean][] =>
  steps.map(({ step: number, waiting }) => [number, waiting === null]);

describe('a step that is being written', () => {
  test('is waited for until its files have their full sizes and have not changed between two looks', async () => {
    const steps = watcher();
    mkdirSync(step(10));
    await steps.look();
    expect(steps.current).toMatchObject([{ step: 10, waiting: 'It holds no weights yet.' }]);
    // half of a header
    const file = write(10, BYTES.subarray(0, 100));
    await steps.look();
    await steps.look();
    expect(shown(steps.current)).toEqual([[10, false]]);
    // a whole header, and half of its weights
    appendFileSync(file, BYTES.subarray(100, BYTES.length / 2));
    await steps.look();
    await steps.look();
    await steps.look();
    expect(shown(steps.current)).toEqual([[10, false]]);
    expect(steps.current[0]?.waiting).toMatch(/model\.safetensors/);
    appendFileSync(file, BYTES.subarray(BYTES.length / 2));
    await steps.look();
    expect(shown(steps.current)).toEqual([[10, false]]);
    await steps.look();
    expect(steps.current).toEqual([{ step: 10, path: step(10), waiting: null }]);
  });
  test('of whole files that go on changing is waited for', async () => {
    const steps = watcher();
    write(10, BYTES);
    let mark = 0;
    const changing = watcher([], { mark: async () => String(mark++) });
    for (let look = 0; look < 4; look++) {
      await steps.look();
      await changing.look();
    }
    expect(shown(steps.current)).toEqual([[10, true]]);
    expect(shown(changing.current)).toEqual([[10, false]]);
  });
  test('is not parsed again before it has changed, and is told why it waits', async () => {
    const file = write(10, BYTES.subarray(0, 1000));
    let parsed = 0;
    const steps = watcher([], {
      whyNot: (path) => {
        parsed++;
        return whyNot(path, engine);
      },
    });
    for (let look = 0; look < 5; look++) await steps.look();
    expect(parsed).toBe(1);
    writeFileSync(file, BYTES);
    for (let look = 0; look < 5; look++) await steps.look();
    expect(parsed).toBe(3);
    expect(shown(steps.current)).toEqual([[10, true]]);
  });
  test('with a missing shard is waited for', async () => {
    const index = { weight_map: { 'a.weight': 'model-00001-of-00001.safetensors' } };
    mkdirSync(step(10));
    writeFileSync(join(step(10), 'model.safetensors.index.json'), JSON.stringify(index));
    const steps = watcher();
    await steps.look();
    await steps.look();
    expect(steps.current).toMatchObject([{ waiting: 'model-00001-of-00001.safetensors is not there yet.' }]);
  });
  test('is asked again if it was the engine that failed', async () => {
    write(10, BYTES);
    let fails = true;
    const steps = watcher([], {
      whyNot: async (path) => {
        if (fails) throw new OffaxisError('device-lost', 'The engine ended.');
        return whyNot(path, engine);
      },
    });
    await steps.look();
    await steps.look();
    expect(steps.current).toMatchObject([{ waiting: 'The engine ended.' }]);
    fails = false;
    await steps.look();
    await steps.look();
    expect(shown(steps.current)).toEqual([[10, true]]);
  });
});

test('settling takes two looks at whole steps, and leaves out what is being written', async () => {
  write(10, BYTES);
  write(20, BYTES);
  write(30, BYTES.subarray(0, 5000));
  writeFileSync(join(folder, 'log.txt'), '');
  const found = await watcher([step(10)]).settle(new AbortController().signal);
  expect(shown(found)).toEqual([
    [20, true],
    [30, false],
  ]);
});

test('steps that go are gone, and a folder that goes has none', async () => {
  write(10, BYTES);
  write(20, BYTES);
  const steps = watcher();
  await steps.settle(new AbortController().signal);
  rmSync(step(10), { recursive: true });
  await steps.look();
  expect(shown(steps.current)).toEqual([[20, true]]);
  rmSync(folder, { recursive: true });
  await steps.look();
  expect(steps.current).toEqual([]);
  mkdirSync(folder);
});

test('started, it looks by itself, and again at a word of the file system', async () => {
  let tell: () => void = () => undefined;
  let changes: NewStep[][] = [];
  const steps = new StepWatcher(
    {
      list: () => stepsIn(folder),
      mark: stampsOf,
      whyNot: (path) => whyNot(path, engine),
      watch: (changed) => {
        tell = changed;
        return { dispose: () => undefined };
      },
    },
    () => false,
    (fresh) => changes.push(fresh),
    1,
  );
  steps.start();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  write(10, BYTES);
  tell();
  await until(() => changes.at(-1)?.[0]?.waiting === null);
  changes = [];
  write(20, BYTES);
  tell();
  await until(() => changes.at(-1)?.[1]?.waiting === null);
  steps.dispose();
}, 60_000);
