/**
 * OFT (arXiv 2306.07280) and BOFT (arXiv 2311.06243) as PEFT defines them: every row of W0, cut into blocks of inputs, is turned by
 * rotations made of skew-symmetric matrices. W1' = R W0' over [out, in], that is row by row w1 = R w0.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { need, type Factor, type Factors, type RowUpdate } from './factors.ts';
import type { RotationSettings } from './settings.ts';

/** square matrices [count, size, size] */
interface Blocks {
  count: number;
  size: number;
  values: Float64Array;
}

/** Size b of blocks that have b (b - 1) / 2 numbers above the diagonal; null if no size has. */
export function blockSize(numbers: number): number | null {
  const size = Math.round((1 + Math.sqrt(1 + 8 * numbers)) / 2);
  return (size * (size - 1)) / 2 === numbers ? size : null;
}

/**
 * OFT since PEFT 0.16 (tuners/oft/layer.py): oft_R [blocks, b (b - 1) / 2], the numbers above the diagonal of each block row by row.
 * `sinceTerms`: written by 0.18 or later, where the last term of the Neumann series counts once.
 */
export function oft(factors: Factors, settings: RotationSettings, sinceTerms: boolean): RowUpdate {
  const numbers = need(factors, 'oft_R');
  const size = blockSize(numbers.columns) ?? 0;
  const skew: Blocks = { count: numbers.rows, size, values: new Float64Array(numbers.rows * size * size) };
  for (let block = 0; block < skew.count; block++) {
    let at = block * numbers.columns;
    for (let i = 0; i < size; i++)
      for (let j = i + 1; j < size; j++) {
        const value = numbers.values[at++] as number;
        skew.values[(block * size + i) * size + j] = value;
        skew.values[(block * size + j) * size + i] = -value;
      }
  }
  if (settings.coft) keepNear(skew, settings.eps);
  return turned(settings.terms === null ? cayley(skew) : neumann(skew, settings.terms, sinceTerms), null);
}

/**
 * OFT of PEFT 0.14 and 0.15 (tuners/oft/layer.py there): oft_r [blocks, b, b], whose skew part counts, and oft_s [out, 1], which scales
 * the outputs.
 */
export function squareOft(factors: Factors, settings: RotationSettings, inputs: number): RowUpdate {
  const blocks = squares(need(factors, 'oft_r'));
  const scales = need(factors, 'oft_s');
  if (settings.coft) keepNear(blocks, settings.eps * Math.ceil(scales.rows / (inputs / blocks.size)) ** 2);
  return turned(cayley(skewPart(blocks)), scales);
}

/** PEFT (tuners/boft/layer.py): boft_R [factors, blocks, b, b], the butterfly's factors one after another; boft_s [out, 1]. */
export function boft(factors: Factors, shape: readonly number[], inputs: number): RowUpdate {
  const [butterflies = 0, count = 0, size = 0] = shape;
  const all = need(factors, 'boft_R').values;
  const scales = need(factors, 'boft_s');
  const steps = Array.from({ length: butterflies }, (_, i) => {
    const values = all.subarray(i * count * size * size, (i + 1) * count * size * size);
    const order = butterfly(inputs, Math.floor(count / 2 ** i), Math.floor(size / 2), butterflies - 1);
    return { blocks: cayley(skewPart({ count, size, values })), order };
  });
  const gathered = new Float64Array(inputs);
  return (row, values) => {
    for (const { blocks, order } of steps) {
      // P B P': P has a one at (i, order[i]).
      for (let i = 0; i < inputs; i++) gathered[order[i] as number] = values[i] as number;
      turn(blocks, gathered);
      for (let i = 0; i < inputs; i++) values[i] = gathered[order[i] as number] as number;
    }
    const scale = scales.values[row] as number;
    for (let i = 0; i < inputs; i++) values[i] = (values[i] as number) * scale;
  };
}

/** Where each input stands in a factor of the butterfly of `n` inputs in `blocks`, by runs of `run`. PEFT's block_butterfly_perm. */
function butterfly(n: number, blocks: number, run: number, factors: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  if (factors === 0) return order;
  const size = Math.floor(n / blocks);
  const steps = size / run;
  const runs = [
    ...Array.from({ length: Math.ceil(steps / 2) }, (_, i) => 2 * i),
    ...Array.from({ length: Math.floor(steps / 2) }, (_, i) => 2 * i + 1),
  ];
  return order.map((i) => {
    const within = i % size;
    return i - within + (runs[Math.floor(within / run)] as number) * run + (within % run);
  });
}

function squares({ rows, columns, values }: Factor): Blocks {
  return { count: rows, size: Math.round(Math.sqrt(columns)), values };
}

function skewPart({ count, size, values }: Blocks): Blocks {
  const skew = new Float64Array(values.length);
  for (let block = 0; block < count; block++)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const at = (block * size + i) * size + j;
        skew[at] = 0.5 * ((values[at] as number) - (values[(block * size + j) * size + i] as number));
      }
  return { count, size, values: skew };
}

/** COFT: a block farther than eps / sqrt(blocks) from zero is drawn back to that distance, in place. PEFT's _project_batch. */
function keepNear({ count, size, values }: Blocks, eps: number): void {
  const most = eps / Math.sqrt(count);
  for (let block = 0; block < count; block++) {
    const own = values.subarray(block * size * size, (block + 1) * size * size);
    const norm = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    if (norm > most) for (let i = 0; i < own.length; i++) own[i] = ((own[i] as number) * most) / norm;
  }
}

/** (I - S)(I + S)^-1 of each block. */
function cayley({ count, size, values }: Blocks): Blocks {
  const turnedBlocks = new Float64Array(values.length);
  for (let block = 0; block < count; block++) {
    const skew = values.subarray(block * size * size, (block + 1) * size * size);
    // X (I + S) = I - S is, transposed, (I - S) X' = I + S.
    const left = skew.map((value, at) => (at % (size + 1) === 0 ? 1 : 0) - value);
    const right = skew.map((value, at) => (at % (size + 1) === 0 ? 1 : 0) + value);
    solve(left, right, size);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) turnedBlocks[(block * size + i) * size + j] = right[j * size + i] as number;
  }
  return { count, size, values: turnedBlocks };
}

/** A X = B in place of B, by elimination with row pivots; I - S is never singular. */
function solve(a: Float64Array, b: Float64Array, n: number): void {
  const both = [a, b];
  const swap = (matrix: Float64Array, i: number, j: number): void => {
    const row = matrix.slice(i * n, (i + 1) * n);
    matrix.copyWithin(i * n, j * n, (j + 1) * n);
    matrix.set(row, j * n);
  };
  const takeOff = (matrix: Float64Array, from: number, row: number, times: number): void => {
    for (let j = 0; j < n; j++)
      matrix[from * n + j] = (matrix[from * n + j] as number) - times * (matrix[row * n + j] as number);
  };
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(a[i * n + k] as number) > Math.abs(a[pivot * n + k] as number)) pivot = i;
    if (pivot !== k) for (const matrix of both) swap(matrix, k, pivot);
    const head = a[k * n + k] as number;
    if (head === 0)
      throw new OffaxisError('bad-file', say('A block of the rotation has no inverse. Save the adapter again.'));
    for (let i = 0; i < n; i++) {
      const times = (a[i * n + k] as number) / head;
      if (i === k || times === 0) continue;
      for (const matrix of both) takeOff(matrix, i, k, times);
    }
  }
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) b[i * n + j] = (b[i * n + j] as number) / (a[i * n + i] as number);
}

/** I + 2 S + 2 S^2 ... in place of the inverse: PEFT's _cayley_batch. The last of `terms` counts once since 0.18, and twice before. */
function neumann({ count, size, values }: Blocks, terms: number, lastOnce: boolean): Blocks {
  const sums = new Float64Array(values.length);
  for (let block = 0; block < count; block++) {
    const range = [block * size * size, (block + 1) * size * size] as const;
    const [skew, sum] = [values.subarray(...range), sums.subarray(...range)];
    for (let i = 0; i < size; i++) sum[i * (size + 1)] = 1;
    let power: Float64Array = Float64Array.from(skew);
    // Since 0.18 there is a third power from three terms on.
    const last = lastOnce && terms > 2 ? Math.max(3, terms - 1) : terms - 1;
    for (let term = 1; term <= last; term++) {
      if (term > 1) power = multiply(power, skew, size);
      const times = lastOnce && term > 2 && term === last ? 1 : 2;
      for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + times * (power[at] as number);
    }
  }
  return { count, size, values: sums };
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k] as number;
      for (let j = 0; j < n; j++) c[i * n + j] = (c[i * n + j] as number) + factor * (b[k * n + j] as number);
    }
  return c;
}

function turned(blocks: Blocks, scales: Factor | null): RowUpdate {
  return (row, values) => {
    turn(blocks, values);
    const scale = scales ? (scales.values[row] as number) : 1;
    if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * scale;
  };
}

/** Each run of `size` inputs times its block, in place; one block serves all if there is only one. */
function turn({ count, size, values }: Blocks, inputs: Float64Array): void {
  const own = new Float64Array(size);
  for (let first = 0; first < inputs.length; first += size) {
    const start = (count === 1 ? 0 : first / size) * size * size;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += (values[start + i * size + j] as number) * (inputs[first + j] as number);
      own[i] = sum;
    }
    inputs.set(own, first);
  }
}
