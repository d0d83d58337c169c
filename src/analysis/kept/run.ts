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
import { decoded, deviceOf } from './backend.ts';
import { settledStamps } from './stamps.ts';

/** What the figures of one change take beside its densities, in numbers. */
const NUMBERS_OF_ONE = 300;
/** At 9 bytes a number: a longer list of changes would take longer to keep than to make again, and hundreds of MB. */
const MOST_NUMBERS = 2 ** 24;

export interface Keeping {
  cache: ContentCache;
  /** see `engineVersion` */
  version: string;
}

export class KeptRun {
  private readonly changes = new Map<string, Change>();
  /** what the entry holds already */
  private found = 0;
  /** the look at the files that has begun last, whatever it found */
  private looking: Promise<unknown> = Promise.resolve();
  /** the next one, while it has not begun */
  private nextLook: Promise<boolean> | null = null;

  private constructor(
    private readonly keeping: Keeping,
    private readonly open: OpenComparison,
    private readonly stamps: string,
    /** null: they are too many to be kept */
    private readonly changesKey: string | null,
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
    if (!keeping || base.adapter || tuned.adapter) return null;
    const stamps = await settledStamps([base, tuned]);
    if (stamps === null || !(await areOpened(open))) return null;
    const { version, cache } = keeping;
    const { eta, absoluteTolerance, angleRank, maskRank, alpha, spectra, twin, twinSeed } = parameters;
    // What the headers and configurations made of the files: up to megabytes, in one short key for all that follow.
    const sides = [base.path, tuned.path, stamps, base.config, base.stated, tuned.config, tuned.stated];
    const opened = cacheKey('opened', version, sides);
    const changesKey =
      numbersOf(pairing.pairs) > MOST_NUMBERS ? null : cacheKey('changes', opened, { eta, absoluteTolerance });
    const own = { eta, absoluteTolerance, angleRank, maskRank, alpha, spectra, twin, twinSeed };
    const outcomes = cacheKey('outcomes', opened, own, deviceOf(backend.info));
    const run = new KeptRun(keeping, open, stamps, changesKey, (pair) =>
      cacheKey('outcome', outcomes, descriptionOf(pair)),
    );
    const kept = changesKey === null ? null : decoded<[string, Change][]>(await cache.get(changesKey));
    for (const [description, change] of kept ?? []) run.changes.set(description, change);
    run.found = run.changes.size;
    return run;
  }

  change(pair: WeightPair): Change | null {
    return this.changes.get(descriptionOf(pair)) ?? null;
  }
  /** To be kept by `keepChanges`. */
  add(pair: WeightPair, change: Change): void {
    if (this.changesKey !== null) this.changes.set(descriptionOf(pair), change);
  }
  /** After the last `change` and `add`: it lets all of them go. */
  async keepChanges(): Promise<void> {
    const { changes, changesKey } = this;
    if (changesKey !== null && changes.size !== this.found && (await this.isUnchanged()))
      await this.keeping.cache.put(changesKey, serialize([...changes]));
    changes.clear();
  }

  async outcome(pair: WeightPair): Promise<MatrixOutcome | null> {
    return decoded<MatrixOutcome>(await this.keeping.cache.get(this.outcomeKey(pair)));
  }
  async keepOutcome(pair: WeightPair, outcome: MatrixOutcome): Promise<void> {
    if (await this.isUnchanged()) await this.keeping.cache.put(this.outcomeKey(pair), serialize(outcome));
  }

  /**
   * The files are those that the stamps were taken of: everything that was read before this call is theirs. Calls that come while one
   * look is under way share the next one, which begins after all of them.
   */
  private isUnchanged(): Promise<boolean> {
    return (this.nextLook ??= this.looking.then(() => {
      this.nextLook = null;
      const look = settledStamps([this.open.base, this.open.tuned]).then((stamps) => stamps === this.stamps);
      this.looking = look.catch(() => undefined);
      return look;
    }));
  }
}

/** About what the list of changes holds: the figures of each, and a density for every row and column of a matrix. */
function numbersOf(pairs: readonly WeightPair[]): number {
  return pairs.reduce(
    (sum, { base: { shape, rows, columns } }) => sum + NUMBERS_OF_ONE + (shape.length === 2 ? rows + columns : 0),
    0,
  );
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
