/** How long GPU work may go without a result before the device is asked whether it still lives. */

/** Compiling every kernel on a busy machine, or a queue of other programs' work, takes a good part of this. */
const FLOOR_MS = 60_000;
/** A tenth of what the slowest GPU of the last ten years does. */
const WORST_HARDWARE_RATE = 2e10;
/** SwiftShader on one busy core does about this. */
const WORST_SOFTWARE_RATE = 3e8;

/** Milliseconds for work of this many floating-point operations. */
export function patienceMs(flops: number, adapter: 'hardware' | 'software'): number {
  return FLOOR_MS + (1000 * flops) / (adapter === 'hardware' ? WORST_HARDWARE_RATE : WORST_SOFTWARE_RATE);
}
