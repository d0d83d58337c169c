/** Singular values of one matrix on one thread. */
import type { Matrix } from '../backend.ts';
import { Layout, type KernelMemory } from './kernels.ts';
import { PIECE, scaleFor, shapeOf, Source } from './source.ts';
import { planDense, planSpectrum, Spectrum } from './spectrum.ts';

/** Descending, q values. Throws cancelled, and bad-parameter if one thread's memory does not hold the matrix. */
export function singularValuesOf(memory: KernelMemory, matrix: Matrix, checkCancelled: () => void): Float64Array {
  const source = new Source(matrix);
  const shape = shapeOf(matrix);
  const layout = new Layout();
  const at = layout.take(shape.weights * source.format);
  const scratch = layout.take(PIECE * 8);
  const plan = planSpectrum(layout, memory.reserve(0), shape, planDense(layout, shape), 0);
  const kernels = memory.reserve(layout.end);
  const scale = scaleFor(source.greatest(memory, kernels, scratch));
  source.load(memory, kernels, 0, shape.weights, at, scratch);
  if (scale !== 1) kernels.multiply(at, shape.weights, scale);
  checkCancelled();
  const values = new Spectrum(memory, kernels, plan, at, source.format, checkCancelled).computeValues();
  return values.map((s) => s / scale);
}
