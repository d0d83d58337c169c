/** Which comparisons start without asking, and how far they go. */
import type { ComparisonPlan } from '../protocol/engine.ts';
import type { BackendInfo } from '../protocol/results.ts';

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

/** When whole spectra are computed: at once unless they would take long, at once, or only if they are asked for. */
export const SPECTRA_CHOICES = ['automatic', 'always', 'onRequest'] as const;
export type SpectraChoice = (typeof SPECTRA_CHOICES)[number];
/**
 * Seconds of whole spectra that nobody has to be asked for. They are some ten times the work of all that comes before, and few wait at a
 * page for more than two minutes: whoever reads the answer first may not need them.
 */
const SPECTRA_SECONDS = 120;
/** Operations a second of a GPU, of a small one: what it takes for a matrix beside the CPU's end of the work. */
const GPU_FLOPS = 1e12;

/** True if a comparison ends with where the update points, and the whole spectra wait for the reader. `cost`: with the whole spectra. */
export function asksForSpectra(
  { matrices, flops }: Cost,
  { kind, threads }: Pick<BackendInfo, 'kind' | 'threads'>,
  choice: SpectraChoice,
): boolean {
  if (matrices === 0 || choice === 'always') return false;
  const perSecond = kind === 'gpu' ? GPU_FLOPS : THREAD_FLOPS * Math.max(1, threads);
  return choice === 'onRequest' || flops > SPECTRA_SECONDS * perSecond;
}

/** True if noise of the same size adds less than a minute, and no memory beyond what is spared unasked. */
export function computesTwinUnasked(without: Cost, withTwin: Cost, threads: number): boolean {
  const seconds = (withTwin.flops - without.flops) / (THREAD_FLOPS * Math.max(1, threads));
  const spared = Math.max(START_UNASKED_PEAK_BYTES, without.peakBytes);
  return without.matrices > 0 && seconds < TWIN_SECONDS && withTwin.peakBytes <= spared;
}
