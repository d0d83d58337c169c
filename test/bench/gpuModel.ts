/**
 * What the reduction would take on real GPUs, from its counts and published figures. A model, not a measurement: it assumes that its
 * kernels reach 75 % of the bandwidth and 40 % of the flops; that one core (SM) draws `coreGbs` from the cache in which a panel lies, and
 * all of them together `panelGbs`; that a Householder column takes `column` seconds (barriers, a reduction, first loads), and that two
 * dependent dispatches lie `gap` seconds apart.
 */
import type { KernelCount } from '../../src/linalg/webgpu/countReduction.ts';

export interface Machine {
  name: string;
  tflops: number;
  gbs: number;
  cores: number;
  gap: number;
  coreGbs: number;
  panelGbs: number;
  column: number;
}

/** float32 and memory bandwidth as the makers publish them. */
export const MACHINES: readonly Machine[] = [
  {
    name: 'Apple M3, 10 cores',
    ...{ tflops: 4, gbs: 100, cores: 10, gap: 8e-6, coreGbs: 50, panelGbs: 200, column: 3e-6 },
  },
  {
    name: 'NVIDIA RTX 4090',
    ...{ tflops: 82, gbs: 1008, cores: 128, gap: 5e-6, coreGbs: 100, panelGbs: 3000, column: 3e-6 },
  },
  {
    name: 'integrated, Radeon 680M',
    ...{ tflops: 3.4, gbs: 77, cores: 12, gap: 10e-6, coreGbs: 40, panelGbs: 150, column: 4e-6 },
  },
];

const BANDWIDTH_REACHED = 0.75;
const FLOPS_REACHED = 0.4;

export interface Modelled {
  /** seconds of one matrix of the batch */
  seconds: number;
  panelShare: number;
  /** of the time outside panels and gaps, the part that waits for memory */
  memoryShare: number;
}

/** `kernels`: counts of a batch of square matrices of this size, by kernel; those of panels are named so. */
export function modelReduction(
  machine: Machine,
  kernels: ReadonlyMap<string, KernelCount>,
  size: number,
  batch: number,
): Modelled {
  const rounds = Math.ceil(batch / machine.cores);
  let panels = rounds * 2 * size * machine.column;
  let rest = 0;
  let memory = 0;
  let gaps = 0;
  for (const [name, { dispatches, flops, bytes }] of kernels) {
    gaps += dispatches * machine.gap;
    if (name.startsWith('panel')) {
      const alone = bytes / batch / (machine.coreGbs * 1e9);
      panels += Math.max(rounds * alone, bytes / (machine.panelGbs * 1e9));
      continue;
    }
    const byMemory = bytes / (BANDWIDTH_REACHED * machine.gbs * 1e9);
    const byFlops = flops / (FLOPS_REACHED * machine.tflops * 1e12);
    rest += Math.max(byMemory, byFlops);
    if (byMemory > byFlops) memory += byMemory;
  }
  const total = panels + rest + gaps;
  return { seconds: total / batch, panelShare: panels / total, memoryShare: memory / (rest || 1) };
}
