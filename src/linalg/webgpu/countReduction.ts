/** What a reduction costs, from its plan: for benches and for what a batch is worth. */
import { planReduction } from './planReduction.ts';
import type { StepKernel } from './steps.ts';

export interface KernelCount {
  dispatches: number;
  flops: number;
  bytes: number;
}
export interface ReductionCount {
  kernels: Map<StepKernel, KernelCount>;
  total: KernelCount;
  /** of the one-workgroup panel factorisations; their bytes mostly stay in cache */
  panels: KernelCount;
}

/** What the reduction of a batch of m x n matrices does, without a device (nothing tiled). */
export function countReduction(m: number, n: number, batch: number): ReductionCount {
  const zero = (): KernelCount => ({ dispatches: 0, flops: 0, bytes: 0 });
  const kernels = new Map<StepKernel, KernelCount>();
  const total = zero();
  const panels = zero();
  for (const { kernel, flops, bytes } of planReduction(m, n).dispatches) {
    const own = kernels.get(kernel) ?? zero();
    kernels.set(kernel, own);
    for (const sum of kernel === 'panelLeft' || kernel === 'panelRight' ? [own, total, panels] : [own, total]) {
      sum.dispatches++;
      sum.flops += flops * batch;
      sum.bytes += bytes * batch;
    }
  }
  return { kernels, total, panels };
}
