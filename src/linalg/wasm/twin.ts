/** The noise twin of a matrix on one thread: its noise is made once, and every pass of the fit adds it anew. */
import type { Matrix } from '../backend.ts';
import { bytesOf, type GridName } from '../../numbers/index.ts';
import { fitNoise } from '../noise.ts';
import { gridNumbers, typeNumber } from './grids.ts';
import { Layout, type KernelMemory } from './kernels.ts';
import { PIECE } from './source.ts';

/** Bytes of a thread's memory for the twin of `weights` weights. */
export function twinBytes(weights: number): number {
  return weights * 4 + 2 * PIECE * 8;
}

/** Throws cancelled. */
export function twinOf(
  memory: KernelMemory,
  { rows, columns, type, data }: Matrix,
  { seed, norm, grid }: { seed: bigint; norm: number; grid: GridName | null },
  checkCancelled: () => void,
): Matrix {
  const weights = rows * columns;
  const size = bytesOf(type);
  const layout = new Layout();
  const [noise, base, out] = [layout.take(weights * 4), layout.take(PIECE * 8), layout.take(PIECE * 8)];
  const kernels = memory.reserve(layout.end);
  const { p, emin, most } = gridNumbers(grid ?? type);
  const twin = new Uint8Array(new SharedArrayBuffer(weights * size));
  const pieces = (use: (first: number, count: number) => void): void => {
    for (let first = 0; first < weights; first += PIECE) {
      use(first, Math.min(PIECE, weights - first));
      checkCancelled();
    }
  };
  pieces((first, count) => kernels.noise(seed, BigInt(first), count, noise + first * 4));
  const add = (t: number, target: number, first: number, count: number): number => {
    memory.bytes(base, count * size).set(data.subarray(first * size, (first + count) * size));
    return kernels.addNoise(typeNumber(type), base, noise + first * 4, count, t, p, emin, most, target);
  };
  const t = fitNoise(norm, weights, (tried) => {
    let squares = 0;
    pieces((first, count) => (squares += add(tried, 0, first, count)));
    return Math.sqrt(squares);
  });
  pieces((first, count) => {
    add(t, out, first, count);
    twin.set(memory.bytes(out, count * size), first * size);
  });
  return { rows, columns, type, data: twin };
}
