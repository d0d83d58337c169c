/**
 * Pairs of checkpoints that differ in one way each, for the whole way from files to the answer: the sample base again, cast, with noise,
 * in one matrix, turned, shuffled, not finite; 24 layers of which some moved; 16 experts of which four did. Made from seeds, so every run
 * has the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFloats } from '../../src/numbers/index.ts';
import { safetensors, type Entry } from './formats/build.ts';
import { encode, gaussian, uniform } from './matrices.ts';

interface Tensor {
  name: string;
  shape: number[];
  values: Float64Array;
}
export interface Pair {
  base: string;
  tuned: string;
}
/** Sides of the made models; the smaller ones are for tests that only need their clauses. */
export type Size = 'small' | 'whole';

const isMatrix = ({ name, shape }: Tensor): boolean => name.includes('layers.') && shape.length === 2;

// ---------- matrices, row-major ----------
const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v + (b[i] ?? 0));
/** `direction` as long as `share` of `of`. */
function sized(direction: Float64Array, of: Float64Array, share: number): Float64Array {
  const factor = (share * norm(of)) / norm(direction);
  return direction.map((v) => v * factor);
}
/** a [m, k] times b [k, n] */
function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l] ?? 0;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] ?? 0) + factor * (b[l * n + j] ?? 0);
    }
  return out;
}
/** `count` orthonormal vectors of `length`, one a row: Gram-Schmidt, twice. */
function orthonormal(count: number, length: number, seed: number): Float64Array {
  const rows = gaussian(count, length, seed);
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass++)
      for (let other = 0; other < i; other++) {
        const before = rows.subarray(other * length, (other + 1) * length);
        let dot = 0;
        for (let j = 0; j < length; j++) dot += (row[j] ?? 0) * (before[j] ?? 0);
        for (let j = 0; j < length; j++) row[j] = (row[j] ?? 0) - dot * (before[j] ?? 0);
      }
    const size = norm(row);
    row.forEach((v, j) => (row[j] = v / size));
  }
  return rows;
}
function transposed(rows: Float64Array, count: number, length: number): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < count; i++) for (let j = 0; j < length; j++) out[j * count + i] = rows[i * length + j] ?? 0;
  return out;
}

/** A matrix with the singular values i^-power and a standard deviation of 0.03, and what makes updates of it. */
class Made {
  readonly values: Float64Array;
  private readonly u: Float64Array;
  private readonly v: Float64Array;

  constructor(
    readonly m: number,
    readonly n: number,
    private readonly seed: number,
    power = 0.55,
  ) {
    const q = Math.min(m, n);
    this.u = orthonormal(q, m, seed);
    this.v = orthonormal(q, n, seed + 1);
    const scaled = this.v.map((x, i) => x * (Math.floor(i / n) + 1) ** -power);
    const made = product(transposed(this.u, q, m), scaled, m, q, n);
    const std = norm(made) / Math.sqrt(m * n);
    this.values = made.map((x) => (x * 0.03) / std);
  }
  noise(share: number): Float64Array {
    return sized(gaussian(this.m, this.n, this.seed + 2), this.values, share);
  }
  /** Within the leading r left and right directions, the first of them most. */
  into(r: number, share: number): Float64Array {
    const { m, n } = this;
    const core = gaussian(r, r, this.seed + 3).map(
      (x, i) => x + (i % (r + 1) === 0 ? 2.2 * Math.exp(-i / (r + 1) / 4) : 0),
    );
    const left = product(transposed(this.u.subarray(0, r * m), r, m), core, m, r, r);
    return sized(product(left, this.v.subarray(0, r * n), m, r, n), this.values, share);
  }
  /** Of r directions that are none of its own. */
  few(r: number, share: number): Float64Array {
    const { m, n, seed } = this;
    return sized(product(gaussian(m, r, seed + 4), gaussian(r, n, seed + 5), m, r, n), this.values, share);
  }
}

// ---------- checkpoints ----------
function write(folder: string, tensors: readonly Tensor[], dtype: 'BF16' | 'F32' = 'BF16'): string {
  mkdirSync(folder, { recursive: true });
  const entries = tensors.map(({ name, shape, values }): [string, Entry] => [
    name,
    { dtype, shape, data: encode(dtype, values) },
  ]);
  writeFileSync(join(folder, 'model.safetensors'), safetensors(Object.fromEntries(entries)));
  return folder;
}
/** All tensors of a sample, in the order of its header. */
function read(folder: string): Tensor[] {
  const bytes = readFileSync(join(folder, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const data = new Uint8Array(bytes.subarray(start + from, start + to));
        return { name, shape, values: Float64Array.from(decodeFloats(dtype as 'BF16', data)) };
      },
    );
}

type Change = (tensor: Tensor, at: number) => Float64Array;
/** The sample base, and it again with every tensor changed. */
function changed(samples: string, folder: string, change: Change, base = read(join(samples, 'base'))): Pair {
  const tuned = base.map((tensor, at) => ({ ...tensor, values: change(tensor, at) }));
  return { base: write(join(folder, 'base'), base), tuned: write(join(folder, 'tuned'), tuned) };
}

function cast(samples: string, folder: string): Pair {
  const base = read(join(samples, 'base')).map((tensor, at) => ({
    ...tensor,
    // as F32 holds them: rounded twice, a few would end on another side
    values: plus(tensor.values, sized(gaussian(1, tensor.values.length, 500 + at), tensor.values, 1e-3)).map(
      Math.fround,
    ),
  }));
  return { base: write(join(folder, 'base'), base, 'F32'), tuned: write(join(folder, 'tuned'), base) };
}
/** As large as what reinforcement learning changed. */
function noise(samples: string, folder: string): Pair {
  const tuned = read(join(samples, 'rl'));
  return changed(samples, folder, ({ values }, at) => {
    const update = (tuned[at]?.values ?? values).map((v, i) => v - (values[i] ?? 0));
    if (norm(update) === 0) return values;
    const direction = gaussian(1, values.length, 900 + at);
    return plus(values, sized(direction, update, 1));
  });
}
function one(samples: string, folder: string): Pair {
  const tuned = new Map(read(join(samples, 'rl')).map(({ name, values }) => [name, values]));
  return changed(samples, folder, ({ name, values }) =>
    name.endsWith('layers.3.self_attn.v_proj.weight') ? (tuned.get(name) ?? values) : values,
  );
}
const turned: Change = (tensor, at) => {
  const [m = 0, n = 0] = tensor.shape;
  return isMatrix(tensor) ? product(orthonormal(m, m, 300 + at), tensor.values, m, m, n) : tensor.values;
};
/** The same weights in another order (Fisher and Yates). */
const shuffled: Change = ({ values }, at) => {
  const next = uniform(700 + at);
  const out = values.slice();
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j] ?? 0, out[i] ?? 0];
  }
  return out;
};

/** A tensor of a made model, before and after. */
type Moved = readonly [name: string, made: Made, update: Float64Array];
function write2(folder: string, moved: readonly Moved[]): Pair {
  const tensors = (tuned: boolean): Tensor[] =>
    moved.map(([name, { m, n, values }, update]) => {
      const stored = Float64Array.from(decodeFloats('BF16', encode('BF16', values)));
      return { name, shape: [m, n], values: tuned ? plus(stored, update) : stored };
    });
  return { base: write(join(folder, 'base'), tensors(false)), tuned: write(join(folder, 'tuned'), tensors(true)) };
}
/** 24 layers: 6 to 17 and 20 moved, 11, 12 and 20 most; v and down into the main directions, q and k along few directions. */
function layers24(folder: string, size: Size): Pair {
  const [h, f, kv] = size === 'whole' ? [192, 256, 96] : [128, 144, 64];
  const next = uniform(24);
  const warm = new Set([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20]);
  const hot = new Set([11, 12, 20]);
  const shapes: Record<string, [number, number]> = {
    ...{ q_proj: [h, h], k_proj: [kv, h], v_proj: [kv, h], o_proj: [h, h] },
    ...{ gate_proj: [f, h], up_proj: [f, h], down_proj: [h, f] },
  };
  const moved = Array.from({ length: 24 }, (_, layer) =>
    Object.entries(shapes).map(([module, [m, n]], at): Moved => {
      const made = new Made(m, n, 10_000 + 100 * (7 * layer + at));
      const step = (hot.has(layer) ? 0.036 : warm.has(layer) ? 0.0045 : 0.0011) * (0.8 + 0.4 * next());
      const part = 'qkvo'.includes(module.charAt(0)) ? 'self_attn' : 'mlp';
      const name = `model.layers.${layer}.${part}.${module}.weight`;
      if (!warm.has(layer)) return [name, made, made.noise(step)];
      if (module === 'v_proj' || module === 'down_proj')
        return [name, made, plus(made.into(kv / 8, step * 0.95), made.noise(step * 0.25))];
      if (module === 'q_proj' || module === 'k_proj')
        return [name, made, plus(made.few(4, step * 0.6), made.noise(step * 0.8))];
      return [name, made, made.noise(step)];
    }),
  ).flat();
  return write2(folder, moved);
}
/** 16 experts in 8 layers, four of which moved further than the others and into the main directions. */
function experts(folder: string, size: Size): Pair {
  const h = size === 'whole' ? 128 : 64;
  const next = uniform(8);
  const hot = new Map([
    ['2 3', 0.02],
    ['5 7', 0.03],
    ['5 11', 0.024],
    ['3 7', 0.011],
  ]);
  const moved: Moved[] = [];
  const add = (name: string, made: Made, update: Float64Array): void => void moved.push([name, made, update]);
  for (let layer = 0; layer < 8; layer++) {
    const prefix = `model.layers.${layer}`;
    const seed = 100_000 + 1000 * layer;
    ['q_proj', 'k_proj', 'v_proj', 'o_proj'].forEach((module, at) => {
      const made = new Made(h, h, seed + 10 * at);
      add(`${prefix}.self_attn.${module}.weight`, made, made.noise(0.0021 * (0.85 + 0.3 * next())));
    });
    const router = new Made(16, h, seed + 50, 0.2);
    add(`${prefix}.mlp.router.weight`, router, router.noise(0.0032 * (0.8 + 0.4 * next())));
    for (let expert = 0; expert < 16; expert++)
      ['gate_proj', 'up_proj', 'down_proj'].forEach((module, at) => {
        const made = new Made(h, h, seed + 100 + 30 * expert + 10 * at);
        const far = hot.get(`${layer} ${expert}`);
        const step = (far ?? 0.0016) * (0.75 + 0.5 * next());
        const update = far
          ? plus(made.into(h / 16, step * (module === 'down_proj' ? 0.9 : 0.4)), made.noise(step * 0.6))
          : made.noise(step);
        add(`${prefix}.mlp.experts.${expert}.${module}.weight`, made, update);
      });
  }
  return write2(folder, moved);
}

/** What each pair is, by the name under which the answer's figures stand in test/fixtures/answer. */
const PAIRS = {
  same: (samples, folder) => changed(samples, folder, ({ values }) => values),
  cast,
  noise,
  one,
  null: (samples, folder) => changed(samples, folder, ({ values }) => values.map(() => NaN)),
  rotated: (samples, folder) => changed(samples, folder, turned),
  unrelated: (samples, folder) => changed(samples, folder, shuffled),
  llama24: (_samples, folder, size) => layers24(folder, size),
  moe: (_samples, folder, size) => experts(folder, size),
} as const satisfies Record<string, (samples: string, folder: string, size: Size) => Pair>;
export type PairName = keyof typeof PAIRS;
export const PAIR_NAMES = Object.keys(PAIRS) as readonly PairName[];

/** Writes `base` and `tuned` into the folder. `samples`: the folder of the sample family. */
export const writePair = (name: PairName, samples: string, folder: string, size: Size = 'small'): Pair =>
  PAIRS[name](samples, folder, size);
