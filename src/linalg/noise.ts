/** The noise twin's generator in 32-bit integers, and the fit of its size (METRICS: The noise twin). */

const GAMMA = [0x9e3779b9, 0x7f4a7c15] as const;
const FIRST = [0xbf58476d, 0x1ce4e5b9] as const;
const SECOND = [0x94d049bb, 0x133111eb] as const;

/** One 64-bit word that is added to, multiplied and shifted in place. */
class Word {
  high = 0;
  low = 0;

  set(value: bigint): void {
    this.high = Number((value >> 32n) & 0xffff_ffffn) | 0;
    this.low = Number(value & 0xffff_ffffn) | 0;
  }
  add([high, low]: readonly [number, number]): void {
    const sum = (this.low >>> 0) + low;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    this.low = sum | 0;
  }
  multiply([high, low]: readonly [number, number]): void {
    const [a0, a1] = [this.low & 0xffff, this.low >>> 16];
    const [b0, b1] = [low & 0xffff, low >>> 16];
    const middle = a1 * b0 + ((a0 * b0) >>> 16);
    const other = a0 * b1 + (middle & 0xffff);
    const carry = a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536);
    this.high = (carry + Math.imul(this.low, high) + Math.imul(this.high, low)) | 0;
    this.low = Math.imul(this.low, low);
  }
  /** this ^= this >> bits, 0 < bits < 32 */
  fold(bits: number): void {
    this.low ^= (this.low >>> bits) | (this.high << (32 - bits));
    this.high ^= this.high >>> bits;
  }
}

/** G_first .. G_{first + count - 1} of a matrix, by its row-major index: mean 0, variance 1, the same on every machine. */
export function noiseOf(seed: bigint, first: number, count: number): Float64Array {
  const gamma = (BigInt(GAMMA[0]) << 32n) | BigInt(GAMMA[1]);
  const state = new Word();
  state.set(BigInt.asUintN(64, seed + 3n * BigInt(first) * gamma));
  const word = new Word();
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let sum = -6 * 65535;
    for (let j = 0; j < 3; j++) {
      state.add(GAMMA);
      word.high = state.high;
      word.low = state.low;
      word.fold(30);
      word.multiply(FIRST);
      word.fold(27);
      word.multiply(SECOND);
      word.fold(31);
      sum += (word.low & 0xffff) + (word.low >>> 16) + (word.high & 0xffff) + (word.high >>> 16);
    }
    result[i] = sum / 65536;
  }
  return result;
}

/** The fit ends when the twin's update is off by this share of the norm: METRICS allow 1e-3, but any two fits should find one twin. */
const FITTED = 1e-6;
const MAX_PASSES = 100;

/**
 * t such that `normOf(t)`, which grows with t in steps as weights pass the borders of their cells, is `norm` > 0; if a step jumps over it,
 * the t of that step, to the last digit. `weights` > 0: how many there are.
 */
export function fitNoise(norm: number, weights: number, normOf: (t: number) => number): number {
  let t = norm / Math.sqrt(weights);
  let [low, high] = [0, Infinity];
  let [atLow, atHigh] = [0, Infinity];
  for (let pass = 0; pass < MAX_PASSES && t > 0 && t < Infinity; pass++) {
    const found = normOf(t);
    if (Math.abs(found / norm - 1) <= FITTED) break;
    if (found < norm) [low, atLow] = [t, found];
    else [high, atHigh] = [t, found];
    if (high === Infinity) t = 2 * low;
    else if (low === 0) t = high / 2;
    else {
      // the chord leads quickly to the step, halving finds its end
      const chord = low + ((high - low) * (norm - atLow)) / (atHigh - atLow);
      t = pass < 8 && chord > low && chord < high ? chord : Math.sqrt(low * high);
      if (!(t > low && t < high)) break;
    }
  }
  return t;
}
