/** How long GPU work may go without a result before the device is asked whether it still lives. */

/** Compiling every kernel, the tuning run, or a queue of other programs' work take a part of this. */
const HARDWARE_FLOOR_MS = 60_000;
/** A software adapter shares the CPU with everything else and has no hardware to hang: its kernels alone take a minute on a busy machine. */
const SOFTWARE_FLOOR_MS = 600_000;
/** A tenth of what the slowest GPU of the last ten years does. */
const WORST_HARDWARE_RATE = 2e10;
/** SwiftShader on one busy core does about this. */
const WORST_SOFTWARE_RATE = 3e8;

/** Milliseconds for work of this many floating-point operations. */
export function patienceMs(flops: number, adapter: 'hardware' | 'software'): number {
  return adapter === 'hardware'
    ? HARDWARE_FLOOR_MS + (1000 * flops) / WORST_HARDWARE_RATE
    : SOFTWARE_FLOOR_MS + (1000 * flops) / WORST_SOFTWARE_RATE;
}
