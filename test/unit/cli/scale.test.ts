/**
 * Half a million tensors through the real command line: CPU time and peak memory grow as the number of tensors does. Measured as ratios
 * of two sizes in one run, never in seconds: the machine may be slow and busy.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonResult, InspectionResult } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { measured as measuredRun, type Measured } from './measured.ts';

const CLI = resolve('dist/cli.mjs');
/** A comparison goes from the second to the third and opens both sides; what opens one alone is told apart from the first to the second. */
const [LEAST, FEW, MANY] = [31_250, 125_000, 500_000];
const SHARDS = 25;
/**
 * Four times the tensors: linear work takes four times the time, work that grows with the square 16 times. The limit lies at equal
 * distance from both, sqrt(4 * 16), since a busy machine makes either figure larger or smaller.
 */
const MOST_TIME = 8;
/** Of what opens one side: a third of the smaller time is the program's start, so that linear work takes less than three times the time. */
const MOST_TIME_OPENING = 6;
/** Four times at most, too; the heap may hold a quarter more than is in use. */
const MOST_MEMORY = 5;

const folder = temporaryFolder();
const nameOf = (i: number): string => {
  const [layer, expert, kind] = [i % 24, Math.floor(i / 72), ['gate', 'up', 'down'][Math.floor(i / 24) % 3]];
  return `model.layers.${layer}.mlp.experts.${expert}.${kind}_proj.bias`;
};
const WEIGHTS = 4;

/** Tensors `from` to `to` of a model of biases in bf16; `step`: what a third of the codes has been moved by. */
function writeFile(path: string, from: number, to: number, step: number): void {
  const entries: string[] = [];
  for (let i = from; i < to; i++) {
    const offset = 2 * WEIGHTS * (i - from);
    entries.push(`"${nameOf(i)}":{"dtype":"BF16","shape":[${WEIGHTS}],"data_offsets":[${offset},${offset + 8}]}`);
  }
  const header = Buffer.from(`{${entries.join(',')}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const codes = Uint16Array.from({ length: WEIGHTS * (to - from) }, (_, k) => {
    const at = WEIGHTS * from + k;
    return 0x3c00 + (at % 509) + (at % 3 ? 0 : step);
  });
  const file = openSync(path, 'w');
  for (const part of [length, header, Buffer.from(codes.buffer)]) writeSync(file, part);
  closeSync(file);
}

/** The base as an index with its shards, the tuned side as one file. */
function writePair(count: number): { base: string; tuned: string } {
  const place = join(folder.path, String(count));
  mkdirSync(place);
  const map: string[] = [];
  for (let shard = 0; shard < SHARDS; shard++) {
    const file = `model-${String(shard + 1).padStart(5, '0')}-of-${String(SHARDS).padStart(5, '0')}.safetensors`;
    const [from, to] = [shard, shard + 1].map((at) => Math.floor((at * count) / SHARDS)) as [number, number];
    writeFile(join(place, file), from, to, 0);
    for (let i = from; i < to; i++) map.push(`"${nameOf(i)}":"${file}"`);
  }
  const base = join(place, 'model.safetensors.index.json');
  const file = openSync(base, 'w');
  writeSync(file, `{"metadata":{"total_size":${2 * WEIGHTS * count}},"weight_map":{${map.join(',')}}}`);
  closeSync(file);
  const tuned = join(place, 'tuned.safetensors');
  writeFile(tuned, 0, count, 1);
  return { base, tuned };
}

async function measured(...argv: string[]): Promise<Measured> {
  const found = await measuredRun(...argv);
  expect(found.stderr, argv.join(' ')).toBe('');
  expect(found.status, argv.join(' ')).toBe(0);
  return found;
}

/** `runs`: of few tensors, before and after `many`. The slower one counts: what else the machine does meanwhile comes and goes. */
function expectLinear(what: string, runs: readonly Measured[], many: Measured, most = MOST_TIME): void {
  const few = runs.reduce((a, b) => (b.cpuSeconds > a.cpuSeconds ? b : a));
  const [time, memory] = [many.cpuSeconds / few.cpuSeconds, many.peakBytes / few.peakBytes];
  const said = [few, many].map((m) => `${m.cpuSeconds.toFixed(1)} s, ${(m.peakBytes / 2 ** 20).toFixed(0)} MiB`);
  process.stdout.write(`${what}: ${said.join(' -> ')}; ${time.toFixed(1)} times, ${memory.toFixed(1)} times\n`);
  expect(time, `${what}: CPU time`).toBeLessThan(most);
  expect(memory, `${what}: peak memory`).toBeLessThan(MOST_MEMORY);
}

describe('half a million tensors, or an eighth of a million', () => {
  let least: { base: string; tuned: string };
  let few: { base: string; tuned: string };
  beforeAll(() => {
    if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
    least = writePair(LEAST);
    few = writePair(FEW);
  });

  it('of an index are inspected in linear time and memory', async () => {
    const json = join(folder.path, 'inspection.json');
    const small = await measured('inspect', least.base, '--json', json);
    const { tensors, summary } = JSON.parse(readFileSync(json, 'utf8')) as InspectionResult;
    expect(tensors).toHaveLength(LEAST);
    expect(summary).toMatchObject({ tensors: LEAST, parameters: WEIGHTS * LEAST, shards: SHARDS, missing: 0 });
    const large = await measured('inspect', few.base, '--json', json);
    const all = JSON.parse(readFileSync(json, 'utf8')) as InspectionResult;
    expect(all.summary).toMatchObject({ tensors: FEW, parameters: WEIGHTS * FEW });
    expect(all.tensors.at(-1)?.name).toBe(nameOf(FEW - 1));
    const again = await measured('inspect', least.base, '--json', json);
    rmSync(json);
    expectLinear('inspect', [small, again], large, MOST_TIME_OPENING);
  });

  it('of one file are checked in linear time and memory', async () => {
    const small = await measured('check', least.tuned);
    const large = await measured('check', few.tuned);
    expect(large.stdout).toMatch(/125.?000/);
    expectLinear('check', [small, await measured('check', least.tuned)], large, MOST_TIME_OPENING);
  });

  it('of an index are compared with a file in linear time and memory', async () => {
    const many = writePair(MANY);
    const json = join(folder.path, 'comparison.json');
    const small = await measured('compare', few.base, few.tuned, '--json', json);
    const { tensors, summary } = JSON.parse(readFileSync(json, 'utf8')) as ComparisonResult;
    expect(tensors).toHaveLength(FEW);
    expect(summary).toMatchObject({ weights: WEIGHTS * FEW, coverage: 1, failed: [] });
    expect(summary.unchangedBf16).toBeCloseTo(2 / 3, 4);
    const bytes = statSync(json).size;
    const large = await measured('compare', many.base, many.tuned, '--json', json);
    expect(large.stdout).toMatch(/^2\.000 M weights compared/m);
    expect(large.stdout).toMatch(/^500000 tensors elementwise only$/m);
    // too long for one string
    expect(statSync(json).size / bytes).toBeGreaterThan(3.9);
    const again = await measured('compare', few.base, few.tuned, '--json', json);
    rmSync(json);
    expectLinear('compare', [small, again], large);
  });
});
