/**
 * A backend that computes nothing twice: what it finds is kept by the content of the matrices, the ranks and masks, and the engine. The
 * same bytes under any name, in any file or layout have the same results; another bit anywhere has others.
 */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { cacheKey, type ContentCache } from '../../cache/index.ts';
import type {
  AlignmentOptions,
  AlignmentQuantities,
  BaseFactors,
  ElementKernels,
  LeadingTriplets,
  LinearAlgebraBackend,
  Matrix,
  PairOptions,
  PairQuantities,
  ReckonedCall,
  SingleOptions,
} from '../../linalg/backend.ts';
import type { BackendInfo } from '../../protocol/backend.ts';

export class KeptBackend implements LinearAlgebraBackend {
  /** `version`: of the engine: another one computes anew. */
  constructor(
    private readonly backend: LinearAlgebraBackend,
    private readonly cache: ContentCache,
    private readonly version: string,
  ) {}

  get info(): BackendInfo {
    return this.backend.info;
  }
  get parallelism(): number {
    return this.backend.parallelism;
  }
  get budget(): number {
    return this.backend.budget ?? Infinity;
  }
  get elements(): ElementKernels | null {
    return this.backend.elements;
  }

  async singularValues(matrix: Matrix, options: SingleOptions): Promise<Float64Array> {
    const key = this.key('values', contentOf(matrix));
    const known = decoded<Float64Array>(await this.cache.get(key));
    if (known) return known;
    const values = await this.backend.singularValues(matrix, options);
    await this.cache.put(key, serialize(values));
    return values;
  }

  async comparePair(base: Matrix, tuned: Matrix, options: PairOptions): Promise<PairQuantities> {
    const { angleRank, maskRank, alpha, grid, updateRank = null, others = [] } = options;
    const w0 = contentOf(base);
    // All sides in one key: whether one of them needs exact values decides it for all.
    const sides = [tuned, ...others].map(contentOf);
    const key = this.key('pair', w0, sides, { angleRank, maskRank, alpha, updateRank }, [grid.grid, grid.onGrid]);
    const known = decoded<PairQuantities>(await this.cache.get(key));
    if (known) return known;
    // A GPU works from other intermediate results, and gives none.
    const factorsKey = this.info.kind === 'cpu' ? this.key('base', w0, { angleRank, maskRank, alpha }) : null;
    const kept = factorsKey === null ? null : decoded<BaseFactors>(await this.cache.get(factorsKey));
    const found = await this.backend.comparePair(base, tuned, {
      ...options,
      ...(kept ? { factors: kept } : {}),
      ...(factorsKey === null ? {} : { keepFactors: true }),
    });
    const { factors, ...quantities } = found;
    // None come if those that were known served.
    if (factors && factorsKey !== null) await this.cache.put(factorsKey, serialize(factors));
    await this.cache.put(key, serialize(quantities));
    return quantities;
  }

  async alignPair(base: Matrix, tuned: Matrix, options: AlignmentOptions): Promise<AlignmentQuantities> {
    const { maskRank, alpha, grid, others = [] } = options;
    const w0 = contentOf(base);
    const sides = [tuned, ...others].map(contentOf);
    const key = this.key('alignment', w0, sides, { maskRank, alpha }, [grid.grid, grid.onGrid]);
    // What is between the threshold of the masks and the error decides how exactly they are computed: so they are of one alpha.
    const leadingKey = this.key('leading', w0, { maskRank, alpha });
    const leading = decoded<LeadingTriplets>(await this.cache.get(leadingKey));
    // The triplets are most of the result: its entry is without them.
    const known = leading && decoded<Omit<AlignmentQuantities, 'leading'>>(await this.cache.get(key));
    if (known) return { ...known, leading };
    const found = await this.backend.alignPair(base, tuned, { ...options, ...(leading ? { leading } : {}) });
    const { leading: triplets, ...quantities } = found;
    if (!leading) await this.cache.put(leadingKey, serialize(triplets));
    await this.cache.put(key, serialize(quantities));
    return found;
  }

  noiseTwin: LinearAlgebraBackend['noiseTwin'] = (base, options) => this.backend.noiseTwin(base, options);

  peakBytes(call: ReckonedCall): number {
    return this.backend.peakBytes(call);
  }

  async dispose(): Promise<void> {
    await this.cache.flush();
    await this.backend.dispose();
  }

  /** Two builds of the kernels, and two devices, round differently. */
  private key(kind: string, ...parts: readonly unknown[]): string {
    return cacheKey(kind, this.version, deviceOf(this.info), ...parts);
  }
}

/** What tells results of one device from those of another. */
export function deviceOf({ kind, name, precision }: BackendInfo): readonly string[] {
  return [kind, name, precision];
}

/** SHA-256 of the codes, and what they mean. The bytes are those that are computed with: whatever lies in the file meanwhile. */
function contentOf({ rows, columns, type, data }: Matrix): unknown {
  return [type, rows, columns, createHash('sha256').update(data).digest('hex')];
}

/** What `serialize` wrote; null for nothing. An entry is checked before it comes here; what does not decode is missing all the same. */
export function decoded<T>(content: Uint8Array | null): T | null {
  if (!content) return null;
  try {
    return deserialize(content) as T;
  } catch {
    return null;
  }
}
