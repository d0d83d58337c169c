/**
 * The results of one comparison of two sets of files, kept for the same comparison of the same files: found by their stamps alone, so
 * that nothing but headers is read. What the stamps cannot vouch for is not kept here, and found by its content while it is computed.
 */
import { serialize } from 'node:v8';
import { cacheKey, type ContentCache } from '../../cache/index.ts';
import type { WeightPair } from '../../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../../linalg/backend.ts';
import type { ComparisonParameters } from '../../protocol/results.ts';
import type { Change } from '../change.ts';
import type { OpenComparison } from '../comparisonCache.ts';
import type { MatrixOutcome } from '../spectra.ts';
import { decoded } from './backend.ts';
import { settledStamps } from './stamps.ts';

/** Of more tensors the list of changes would take longer to keep than to make again, and hundreds of MB. */
const MOST_PAIRS = 50_000;

export interface Keeping {
  cache: ContentCache;
  /** see `engineVersion` */
  version: string;
}

export class KeptRun {
  private readonly changes = new Map<string, Change>();
  /** what the entry holds already */
  private found = 0;

  private constructor(
    private readonly keeping: Keeping,
    private readonly open: OpenComparison,
    private readonly stamps: string,
    private readonly changesKey: string,
    private readonly outcomeKey: (pair: WeightPair) => string,
  ) {}

  /** Null if these files can't be told from others by their stamps: an adapter is made of more than its own files. */
  static async find(
    keeping: Keeping | null,
    open: OpenComparison,
    parameters: ComparisonParameters,
    backend: LinearAlgebraBackend,
  ): Promise<KeptRun | null> {
    const { base, tuned, pairing } = open;
    if (!keeping || base.adapter || tuned.adapter || pairing.pairs.length > MOST_PAIRS) return null;
    const stamps = await settledStamps([base, tuned]);
    if (stamps === null || !(await areOpened(open))) return null;
    const { version, cache } = keeping;
    const { eta, absoluteTolerance, angleRank, maskRank, alpha, spectra, twin, twinSeed } = parameters;
    // what the headers and configurations made of the files
    const opened = [base.path, tuned.path, stamps, base.config, base.stated, tuned.config, tuned.stated];
    const { kind, name, precision } = backend.info;
    const changesKey = cacheKey('changes', version, opened, { eta, absoluteTolerance });
    const own = { eta, absoluteTolerance, angleRank, maskRank, alpha, spectra, twin, twinSeed };
    const run = new KeptRun(keeping, open, stamps, changesKey, (pair) =>
      cacheKey('outcome', version, opened, own, kind, name, precision, descriptionOf(pair)),
    );
    const kept = decoded<[string, Change][]>(await cache.get(changesKey));
    for (const [description, change] of kept ?? []) run.changes.set(description, change);
    run.found = run.changes.size;
    return run;
  }

  change(pair: WeightPair): Change | null {
    return this.changes.get(descriptionOf(pair)) ?? null;
  }
  /** To be kept by `keepChanges`. */
  add(pair: WeightPair, change: Change): void {
    this.changes.set(descriptionOf(pair), change);
  }
  async keepChanges(): Promise<void> {
    if (this.changes.size === this.found || !(await this.isUnchanged())) return;
    this.found = this.changes.size;
    await this.keeping.cache.put(this.changesKey, serialize([...this.changes]));
  }

  async outcome(pair: WeightPair): Promise<MatrixOutcome | null> {
    return decoded<MatrixOutcome>(await this.keeping.cache.get(this.outcomeKey(pair)));
  }
  async keepOutcome(pair: WeightPair, outcome: MatrixOutcome): Promise<void> {
    if (await this.isUnchanged()) await this.keeping.cache.put(this.outcomeKey(pair), serialize(outcome));
  }

  /** The files are those that the stamps were taken of: everything that was read in between is theirs. */
  private async isUnchanged(): Promise<boolean> {
    return (await settledStamps([this.open.base, this.open.tuned])) === this.stamps;
  }
}

/** The headers that are held open were read from the files as they are. */
async function areOpened({ base, tuned }: OpenComparison): Promise<boolean> {
  return Promise.all([base.verify(), tuned.verify()]).then(
    () => true,
    () => false,
  );
}

/** A pair by its two weights: names, shapes and types, which layouts and settings decide. */
function descriptionOf({ name, base, tuned, spectral }: WeightPair): string {
  const of = ({ name: own, tensor, shape, dtype, type, grid, rows, columns, order }: WeightPair['base']): unknown => [
    own,
    tensor,
    shape,
    dtype,
    type,
    grid,
    rows,
    columns,
    order,
  ];
  return JSON.stringify([name, of(base), of(tuned), spectral]);
}
