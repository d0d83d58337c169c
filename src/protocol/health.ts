/** What a scan for problems finds, and what it costs to hold a model: results that leave the engine. */
import type { Problem } from './results.ts';

/** Something that a scan found. `tensor` is where; `related` the others of a set (duplicates). */
export interface Finding extends Problem {
  /** of the first weight concerned, one number an axis */
  index?: number[];
  related?: string[];
}
/** What a scan covered: no finding means something only beside it. */
export interface ScanCoverage {
  /** tensors whose values were read */
  scanned: number;
  scannedBytes: number;
  /** the rest, counted by reason */
  notScanned: { reason: string; tensors: number }[];
  /** what was looked for, in words */
  rules: string[];
  elapsedMs: number;
}
export type ScanEvent =
  | { type: 'finding'; finding: Finding }
  /** bytes */
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null }
  /** the last event of a scan that ran to its end */
  | { type: 'coverage'; coverage: ScanCoverage };

export interface Digest {
  /** a file by its name within the checkpoint, or a tensor by its full name */
  of: 'file' | 'tensor';
  name: string;
  sizeBytes: number;
  /** 64 hexadecimal digits; of a tensor that holds codes over its dequantised values as 32-bit floats, of any other over its bytes */
  sha256: string;
}
export type DigestEvent =
  | { type: 'digest'; digest: Digest }
  | { type: 'failed'; name: string; message: string }
  /** bytes */
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null };

/** `offaxis check --json`. */
export interface CheckResult {
  schema: 'offaxis.check/1';
  path: string;
  /** `problems` if the exit status is 1 */
  verdict: 'clean' | 'problems';
  findings: Finding[];
  counts: { error: number; warning: number; info: number };
  coverage: ScanCoverage;
  /** with --sha256 */
  digests?: Digest[];
}

/**
 * Memory to hold a model: an estimate. Weights as stored; the cache of keys and values while serving. Activations, the runtime's own
 * buffers and fragmentation are left out.
 */
export interface MemoryEstimate {
  weightsBytes: number;
  /** stored bytes by type, largest first */
  weights: { dtype: string; sizeBytes: number }[];
  /** tensors whose size is not known (missing shards); their bytes are not in the sum */
  unknownTensors: number;
  /** null if the formula does not hold; `reason` says why */
  cache: CacheEstimate | null;
  reason: string | null;
}
/**
 * bytes(tokens) = 2 * keyValueHeads * headDim * elementBytes * (fullLayers * tokens + windowLayers * min(tokens, window)), for one
 * sequence.
 */
export interface CacheEstimate {
  fullLayers: number;
  windowLayers: number;
  /** tokens that a layer with a sliding window keeps; null without such layers */
  window: number | null;
  keyValueHeads: number;
  headDim: number;
  elementBytes: number;
  /** type of the cached keys and values, and where that is known from */
  elementType: string;
  /** while no window is full */
  bytesPerToken: number;
  /** the longest context that config.json, or a GGUF file's metadata, name */
  contextTokens: number | null;
}

/** Bytes of keys and values for one sequence. */
export function cacheBytes(cache: CacheEstimate, tokens: number): number {
  const held = cache.fullLayers * tokens + cache.windowLayers * Math.min(tokens, cache.window ?? tokens);
  return 2 * cache.keyValueHeads * cache.headDim * cache.elementBytes * held;
}
/** The formula with its figures, for people. */
export function cacheFormula(cache: CacheEstimate): string {
  const { fullLayers, windowLayers, window, keyValueHeads, headDim, elementBytes } = cache;
  const each = `2 × ${keyValueHeads} kv heads × ${headDim} wide × ${elementBytes} bytes`;
  if (!windowLayers) return `${each} × ${fullLayers} layers × tokens`;
  const windowed = `${windowLayers} layers × min(tokens, ${window})`;
  return fullLayers ? `${each} × (${fullLayers} layers × tokens + ${windowed})` : `${each} × ${windowed}`;
}
