/** Where a result was computed. */

export interface BackendInfo {
  kind: 'cpu' | 'gpu' | 'reference';
  name: string;
  precision: string;
  threads: number;
}

/**
 * What a GPU's float32 does not resolve in a pair, so that it was computed again in float64 on the CPU: the change of the spectrum, a
 * value beside the rank threshold, the gap, the angles, an intruder dimension near its limit, or the entries beside the principal mask's threshold.
 */
export type Recomputed = 'nss' | 'rank' | 'gap' | 'angles' | 'intruders' | 'masks';
