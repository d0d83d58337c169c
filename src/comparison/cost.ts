/** Which comparisons start without asking. */
import type { ComparisonPlan } from '../protocol/engine.ts';

/** About half a minute on two cores (GEMM in WASM: some 20 GFLOP/s a thread in float64). */
const START_UNASKED_FLOPS = 2e12;
/** What a machine on which a model is developed can spare. */
const START_UNASKED_PEAK_BYTES = 2e9;
/** A few seconds from a local disk; a network drive is another matter. */
const START_UNASKED_READ_BYTES = 4e9;
/** Nobody pays for more of a connection unasked. */
const START_UNASKED_TRAVEL_BYTES = 1e8;

/** True when there is something to compare and it is cheap. */
export function startsUnasked({ pairs, cost }: { pairs: readonly unknown[]; cost: ComparisonPlan['cost'] }): boolean {
  return (
    pairs.length > 0 &&
    cost.flops <= START_UNASKED_FLOPS &&
    cost.peakBytes <= START_UNASKED_PEAK_BYTES &&
    cost.bytesToRead <= START_UNASKED_READ_BYTES &&
    cost.bytesToTravel <= START_UNASKED_TRAVEL_BYTES
  );
}

/** Operations a second of one thread, GEMM in WASM in float64. */
const THREAD_FLOPS = 2e10;
/** Seconds that noise of the same size may add unasked. */
const TWIN_SECONDS = 60;
type Cost = ComparisonPlan['cost'];

/** True if noise of the same size adds less than a minute, and no memory beyond what is spared unasked. */
export function computesTwinUnasked(without: Cost, withTwin: Cost, threads: number): boolean {
  const seconds = (withTwin.flops - without.flops) / (THREAD_FLOPS * Math.max(1, threads));
  const spared = Math.max(START_UNASKED_PEAK_BYTES, without.peakBytes);
  return without.matrices > 0 && seconds < TWIN_SECONDS && withTwin.peakBytes <= spared;
}
