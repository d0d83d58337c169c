import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CheckpointCache } from '../../../src/analysis/checkpointCache.ts';
import { ComparisonCache, type OpenComparison } from '../../../src/analysis/comparisonCache.ts';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type { ComparedCheckpoints } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

const folder = temporaryFolder();
const samples = resolve('media/samples');
const compared = (tuned: string, tensors: string | null = null): ComparedCheckpoints => ({
  base: join(folder.path, 'base'),
  tuned: join(folder.path, tuned),
  includeEmbeddings: false,
  tensors,
});
beforeAll(() => {
  for (const name of ['base', 'rl']) cpSync(join(samples, name), join(folder.path, name), { recursive: true });
});

describe('comparisons kept open', () => {
  let checkpoints: CheckpointCache;
  let cache: ComparisonCache;
  beforeEach(() => {
    checkpoints = new CheckpointCache();
    cache = new ComparisonCache(checkpoints);
  });
  async function open(of: ComparedCheckpoints): Promise<OpenComparison> {
    const held = await cache.hold(of);
    await held.release();
    return held.open;
  }

  test('both sides are opened and paired once, however often and however much at once they are asked for', async () => {
    const first = await open(compared('rl'));
    expect(first.pairs.size).toBe(first.pairing.pairs.length);
    const [second, third] = await Promise.all([open(compared('rl')), open(compared('rl'))]);
    expect(second).toBe(first);
    expect(third).toBe(first);
    const [one, other] = await Promise.all([open(compared('base')), open(compared('base'))]);
    expect(one).toBe(other);
    // another choice of tensors pairs anew, over the same checkpoints
    const part = await open(compared('rl', '*layers.0.*'));
    expect(part).not.toBe(first);
    expect(part.base).toBe(first.base);
    await cache.dispose();
  });
  test('headers read meanwhile, and many of them, close nothing that is held', async () => {
    const first = await open(compared('rl'));
    for (const name of ['sft', 'rl-hot', 'rl-steps/step-100', 'base', 'rl'])
      await checkpoints.facts(join(samples, name));
    await checkpoints.facts(compared('rl').base);
    expect(await open(compared('rl'))).toBe(first);
    await cache.dispose();
  });
  test('a changed file renews it; who was at work goes on with what it has', async () => {
    const atWork = await cache.hold(compared('rl'));
    const { stamps } = atWork.open.tuned;
    const file = join(compared('rl').tuned, [...stamps.keys()][0] as string);
    utimesSync(file, 5, 5);
    const renewed = await open(compared('rl'));
    expect(renewed).not.toBe(atWork.open);
    expect(renewed.stamp).not.toBe(atWork.open.stamp);
    expect(renewed.base).toBe(atWork.open.base);
    expect(await open(compared('rl'))).toBe(renewed);
    await atWork.release();
    expect(await open(compared('rl'))).toBe(renewed);
    await cache.dispose();
  });
  test('closing its panel lets it go; more than four that nobody uses are not kept; nor is one for long', async () => {
    const first = await open(compared('rl'));
    await cache.letGo(compared('rl'));
    const second = await open(compared('rl'));
    expect(second).not.toBe(first);
    for (let layer = 0; layer < 4; layer++) await open(compared('rl', `*layers.${layer}.*`));
    expect(await open(compared('rl'))).not.toBe(second);
    const brief = new ComparisonCache(checkpoints, 1);
    const held = await brief.hold(compared('rl'));
    await held.release();
    await new Promise((done) => setTimeout(done, 50));
    const again = await brief.hold(compared('rl'));
    expect(again.open).not.toBe(held.open);
    await again.release();
    await brief.dispose();
    await cache.dispose();
  });
  test('between two uses its files are closed', async () => {
    if (process.platform !== 'linux') return;
    const openFiles = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => path.startsWith(folder.path));
        } catch {
          return [];
        }
      });
    await open(compared('rl'));
    expect(openFiles()).toEqual([]);
    await cache.dispose();
  });
});

describe('the engine over it', () => {
  let analysis: Analysis;
  beforeAll(async () => {
    if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
    analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
  });
  afterAll(() => analysis.dispose());

  test('a plan that is known is not sent again, in another process neither; of changed files it is another one', async () => {
    const { base, tuned, tensors } = compared('rl', '*layers.0.*q_proj*');
    const request = { runId: 'r', base, tuned, parameters: { ...DEFAULT_PARAMETERS, tensors, spectra: false } };
    const types = async (known: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { type } of analysis.compare({ ...request, known }, new AbortController().signal))
        found.push(type);
      return found;
    };
    const { id } = await analysis.plan(request);
    expect(await types(id)).not.toContain('plan');
    expect(await types('another')).toContain('plan');
    const another = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
    expect((await another.plan(request)).id).toBe(id);
    await another.dispose();
    const [file] = readdirSync(tuned).filter((name) => name.endsWith('.safetensors'));
    utimesSync(join(tuned, file as string), 9, 9);
    expect((await analysis.plan(request)).id).not.toBe(id);
    expect(await types(id)).toContain('plan');
  });
  test('a config.json that has changed is read anew, though no header has', async () => {
    const path = compared('rl').tuned;
    const config = join(path, 'config.json');
    const before = await analysis.open({ path });
    expect(await analysis.open({ path })).toBe(before);
    expect(readFileSync(config, 'utf8')).toContain('num_attention_heads');
    rmSync(config);
    expect((await analysis.open({ path })).config).toBeNull();
  });
});
