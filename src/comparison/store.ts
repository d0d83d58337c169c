/** Computed comparisons on disk, so that a reloaded window shows them without computing again. Never weights. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { disk, stampText } from '../bytes/index.ts';
import { clearLeftovers, isPartOfCheckpoint, makeFolder, moveFile, removeFile, writeWhole } from '../files/index.ts';
import type { ComparisonPlan, MatrixDetail } from '../protocol/engine.ts';
import type { BackendInfo, ComparisonParameters, ComparisonTensor } from '../protocol/results.ts';
import { Accumulator, type Failure } from '../results/accumulator.ts';

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
/** Comparisons; some 40 MB each for a model of 7 billion parameters. */
const KEPT = 20;
const DAMAGED_KEPT = 3;
const SUFFIX = '.results';
const DAMAGED = '.damaged';
/** Of version 1, which had no checksum. */
const OUTDATED = '.comparison';
const MAGIC = Buffer.from('offaxis\n');
const HEAD_BYTES = MAGIC.length + 4 + 32;

/**
 * A file: MAGIC, the version (uint32, little endian), SHA-256 of all that is not itself, and the results as v8 writes them. Every
 * window writes files of its own, KEY-WRITER.results, so that two that save one comparison at once lose nothing: `load` puts them
 * together, and the files of windows that are gone go with the next `save`.
 */
export class ComparisonStore {
  private readonly writer = `${process.pid}-${randomUUID().slice(0, 8)}`;
  /** files of other writers whose results were loaded, by comparison */
  private readonly absorbed = new Map<string, string[]>();

  constructor(private readonly directory: string) {
    // what windows that were killed in the middle of a save left
    void clearLeftovers(directory);
  }

  /** Replaces what this window saved of the same base, tuned and parameters; the oldest comparisons beyond KEPT go. */
  async save(stored: StoredComparison): Promise<void> {
    await makeFolder(this.directory);
    const key = keyOf(stored.spec);
    const packed: Packed = { ...stored, details: stored.details.map(packDetail) };
    await writeWhole(join(this.directory, `${key}-${this.writer}${SUFFIX}`), seal(serialize(packed)));
    const superseded = (this.absorbed.get(key) ?? []).filter((name) => !isAlive(name));
    this.absorbed.delete(key);
    await Promise.all(superseded.map((name) => this.remove(name)));
    await this.prune();
  }

  /** What every window has saved of it, of the newest state of the files. Throws only what reading the folder throws. */
  async load(spec: ComparisonSpec): Promise<StoredResults> {
    const key = keyOf(spec);
    const names = (await this.list()).filter((name) => name.startsWith(`${key}-`) && name.endsWith(SUFFIX));
    const found: { name: string; time: number; comparison: StoredComparison }[] = [];
    const damaged: string[] = [];
    for (const name of names) {
      const file = join(this.directory, name);
      const bytes = await readFile(file).catch(unlessGone);
      if (!bytes) continue;
      const packed = unseal(bytes);
      if (packed === 'damaged') {
        damaged.push(await this.setAside(file));
      } else if (packed !== 'another version')
        found.push({
          name,
          time: (await stat(file).catch(unlessGone))?.mtimeMs ?? 0,
          comparison: { ...packed, details: packed.details.map(unpackDetail) },
        });
    }
    found.sort((a, b) => b.time - a.time);
    const others = found.filter(({ name }) => !name.endsWith(`-${this.writer}${SUFFIX}`));
    this.absorbed.set(
      key,
      others.map(({ name }) => name),
    );
    return { comparison: merged(found.map(({ comparison }) => comparison)), damaged };
  }

  private async list(): Promise<string[]> {
    return (await readdir(this.directory).catch(unlessGone)) ?? [];
  }
  private remove(name: string): Promise<void> {
    return removeFile(join(this.directory, name));
  }
  /** Where it lies then: in its place, if it may not be moved. */
  private async setAside(file: string): Promise<string> {
    const aside = `${file}${DAMAGED}`;
    return moveFile(file, aside).then(
      () => aside,
      () => file,
    );
  }

  private async prune(): Promise<void> {
    const names = await this.list();
    const aged = await Promise.all(
      names.map(async (name) => ({
        name,
        time: (await stat(join(this.directory, name)).catch(unlessGone))?.mtimeMs ?? 0,
      })),
    );
    aged.sort((a, b) => b.time - a.time);
    const results = aged.filter(({ name }) => name.endsWith(SUFFIX));
    const keys = new Set([...new Set(results.map(({ name }) => keyIn(name)))].slice(0, KEPT));
    const surplus = [
      ...results.filter(({ name }) => !keys.has(keyIn(name))),
      ...aged.filter(({ name }) => name.endsWith(DAMAGED)).slice(DAMAGED_KEPT),
      ...aged.filter(({ name }) => name.endsWith(OUTDATED)),
    ];
    await Promise.all(surplus.map(({ name }) => this.remove(name)));
  }
}

function keyOf({ base, tuned, parameters }: ComparisonSpec): string {
  // every field, in one order
  const sorted = Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256')
    .update(JSON.stringify([base, tuned, sorted]))
    .digest('hex')
    .slice(0, 32);
}
const keyIn = (name: string): string => name.slice(0, name.indexOf('-'));

/** Whether the process that wrote a file still runs: it will write again, and must find nothing changed. */
function isAlive(name: string): boolean {
  const pid = Number(/-(\d+)-[^-]*$/.exec(name)?.[1]);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unlessGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function checksum(version: Uint8Array, body: Uint8Array): Buffer {
  return createHash('sha256').update(MAGIC).update(version).update(body).digest();
}
function seal(body: Uint8Array): Buffer {
  const version = Buffer.alloc(4);
  version.writeUInt32LE(FORMAT);
  return Buffer.concat([MAGIC, version, checksum(version, body), body]);
}
function unseal(bytes: Buffer): Packed | 'damaged' | 'another version' {
  const version = bytes.subarray(MAGIC.length, MAGIC.length + 4);
  const sum = bytes.subarray(MAGIC.length + 4, HEAD_BYTES);
  const body = bytes.subarray(HEAD_BYTES);
  const isWhole =
    bytes.length >= HEAD_BYTES && bytes.subarray(0, MAGIC.length).equals(MAGIC) && checksum(version, body).equals(sum);
  if (!isWhole) return 'damaged';
  return version.readUInt32LE() === FORMAT ? (deserialize(body) as Packed) : 'another version';
}

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

/** Stamps of what a path names: other bytes, other fingerprint. Never throws: a missing file has one, too. */
export async function fingerprint(...paths: string[]): Promise<string> {
  const one = async (path: string): Promise<string> => {
    const kind = await disk.kind(path).catch(() => null);
    if (kind !== 'folder') return `${path}: ${stampText(await disk.stamp(path))}`;
    const names = (await readdir(path)).filter((name) => isPartOfCheckpoint(name)).sort();
    return (await Promise.all(names.map((name) => one(join(path, name))))).join('\n');
  };
  return (await Promise.all(paths.map(one))).join('\n');
}
