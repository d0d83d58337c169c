/** Computed comparisons on disk, so that a reloaded window shows them without computing again. Never weights. */
import type { ComparisonPlan, MatrixDetail } from '../protocol/engine.ts';
import type { BackendInfo, ComparisonParameters, ComparisonTensor } from '../protocol/results.ts';
import { Accumulator, type Failure } from '../results/accumulator.ts';
import { keyOf, ResultFiles } from './resultFiles.ts';

export interface ComparisonSpec {
  base: string;
  tuned: string;
  parameters: ComparisonParameters;
}
export interface StoredComparison {
  spec: ComparisonSpec;
  plan: ComparisonPlan;
  backend: BackendInfo;
  tensors: ComparisonTensor[];
  details: MatrixDetail[];
  failed: Failure[];
  complete: boolean;
  /** stamps of both files when it was computed */
  fingerprint: string;
}

/** What the disk holds of a comparison. */
export interface StoredResults {
  /** null: there is none, or only of another version */
  comparison: StoredComparison | null;
  /** files that were damaged: set aside under these paths, and not used */
  damaged: string[];
}

/** Raised with every change of StoredComparison: older files are passed over. */
const FORMAT = 3;

export class ComparisonStore {
  private readonly files: ResultFiles<Packed>;

  constructor(directory: string) {
    this.files = new ResultFiles(directory, FORMAT);
  }

  /** Replaces what this window saved of the same base, tuned and parameters. */
  save(stored: StoredComparison): Promise<void> {
    return this.files.save(key(stored.spec), { ...stored, details: stored.details.map(packDetail) });
  }

  /** What every window has saved of it, of the newest state of the files. Throws only what reading the folder throws. */
  async load(spec: ComparisonSpec): Promise<StoredResults> {
    const { found, damaged } = await this.files.load(key(spec));
    return { comparison: merged(found.map((one) => ({ ...one, details: one.details.map(unpackDetail) }))), damaged };
  }
}
const key = ({ base, tuned, parameters }: ComparisonSpec): string => keyOf(base, tuned, parameters);

/** The newest first. Results of other bytes than the newest are left out; of one tensor, the one with its spectra stays. */
function merged([newest, ...others]: StoredComparison[]): StoredComparison | null {
  if (!newest) return null;
  const same = others.filter(({ fingerprint: other }) => other === newest.fingerprint);
  if (same.length === 0) return newest;
  const results = new Accumulator();
  for (const one of [...same.reverse(), newest]) results.merge(one);
  return {
    ...newest,
    ...results.lists(),
    complete: [newest, ...same].some(({ complete }) => complete),
  };
}

type Packed = Omit<StoredComparison, 'details'> & { details: PackedDetail[] };

/** Float64 for spectra, whose differences are what is plotted; float32 for angles and densities. */
interface PackedDetail {
  name: string;
  spectra: [Float64Array, Float64Array, Float64Array];
  curves: [Float32Array, Float32Array, Float32Array, Float32Array];
}
function packDetail(detail: MatrixDetail): PackedDetail {
  return {
    name: detail.name,
    spectra: [
      Float64Array.from(detail.baseSingularValues),
      Float64Array.from(detail.tunedSingularValues),
      Float64Array.from(detail.updateSingularValues),
    ],
    curves: [
      Float32Array.from(detail.anglesU),
      Float32Array.from(detail.anglesV),
      Float32Array.from(detail.rowDensity),
      Float32Array.from(detail.columnDensity),
    ],
  };
}
function unpackDetail({
  name,
  spectra: [base, tuned, update],
  curves: [u, v, rows, columns],
}: PackedDetail): MatrixDetail {
  return {
    name,
    baseSingularValues: [...base],
    tunedSingularValues: [...tuned],
    updateSingularValues: [...update],
    anglesU: [...u],
    anglesV: [...v],
    rowDensity: [...rows],
    columnDensity: [...columns],
  };
}
