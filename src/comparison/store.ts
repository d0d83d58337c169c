/** Computed comparisons on disk, so that a reloaded window shows them without computing again. Never weights. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { makeFolder, removeFile, writeWhole } from '../files/index.ts';
import type { ComparisonPlan, MatrixDetail } from '../protocol/engine.ts';
import type { BackendInfo, ComparisonParameters, ComparisonTensor } from '../protocol/results.ts';
import type { Failure } from './results.ts';

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
  /** sizes and times of both files when it was computed */
  fingerprint: string;
}

/** Raised with every change of StoredComparison: older files are passed over. */
const FORMAT = 1;
/** Some 40 MB each for a model of 7 billion parameters. */
const KEPT = 20;
const SUFFIX = '.comparison';

export class ComparisonStore {
  constructor(private readonly directory: string) {}

  /** Replaces an earlier one of the same base, tuned and parameters; the oldest beyond KEPT go. */
  async save(stored: StoredComparison): Promise<void> {
    await makeFolder(this.directory);
    const bytes = serialize({ format: FORMAT, ...stored, details: stored.details.map(packDetail) });
    await writeWhole(this.file(stored.spec), bytes);
    await this.prune();
  }

  /** Null when there is none, or one of another version. Throws when the file cannot be read or is damaged. */
  async load(spec: ComparisonSpec): Promise<StoredComparison | null> {
    const bytes = await readFile(this.file(spec)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!bytes) return null;
    const stored = deserialize(bytes) as Omit<StoredComparison, 'details'> & {
      format: number;
      details: PackedDetail[];
    };
    return stored.format === FORMAT ? { ...stored, details: stored.details.map(unpackDetail) } : null;
  }

  private file({ base, tuned, parameters }: ComparisonSpec): string {
    const { alpha, maskRank, angleRank, eta, absoluteTolerance, includeEmbeddings, spectra, profiles, tensors } =
      parameters;
    const key = [
      base,
      tuned,
      alpha,
      maskRank,
      angleRank,
      eta,
      absoluteTolerance,
      includeEmbeddings,
      spectra,
      profiles,
      tensors,
    ];
    return join(this.directory, createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32) + SUFFIX);
  }

  private async prune(): Promise<void> {
    const names = (await readdir(this.directory)).filter((name) => name.endsWith(SUFFIX));
    const aged = await Promise.all(
      names.map(async (name) => {
        const file = join(this.directory, name);
        return { file, time: (await stat(file)).mtimeMs };
      }),
    );
    aged.sort((a, b) => b.time - a.time);
    await Promise.all(aged.slice(KEPT).map(({ file }) => removeFile(file)));
  }
}

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

/** Sizes and modification times of what a path names: other bytes, other fingerprint. Never throws: a missing file has one, too. */
export async function fingerprint(...paths: string[]): Promise<string> {
  const one = async (path: string): Promise<string> => {
    const info = await stat(path).catch(() => null);
    if (!info) return `${path}: missing`;
    if (!info.isDirectory()) return `${path}: ${info.size} ${info.mtimeMs}`;
    const names = (await readdir(path)).filter((name) => /\.safetensors(\.index\.json)?$/.test(name)).sort();
    return (await Promise.all(names.map((name) => one(join(path, name))))).join('\n');
  };
  return (await Promise.all(paths.map(one))).join('\n');
}
