/**
 * Results on disk, so that a reloaded window shows them without computing again. Never weights.
 *
 * A file: MAGIC, the version (uint32, little endian), SHA-256 of all that is not itself, and the results as v8 writes them. Every
 * window writes files of its own, KEY-WRITER.results, so that two that save one comparison at once lose nothing: `load` gives those of
 * all, and the files of windows that are gone go with the next `save`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { clearLeftovers, makeFolder, moveFile, removeFile, writeWhole } from '../files/index.ts';

/** Keys; some 40 MB each for a comparison of a model of 7 billion parameters. */
const KEPT = 20;
const DAMAGED_KEPT = 3;
const SUFFIX = '.results';
const DAMAGED = '.damaged';
/** Of version 1, which had no checksum. */
const OUTDATED = '.comparison';
const MAGIC = Buffer.from('offaxis\n');
const HEAD_BYTES = MAGIC.length + 4 + 32;

export class ResultFiles<Packed> {
  private readonly writer = `${process.pid}-${randomUUID().slice(0, 8)}`;
  /** files of other writers whose results were loaded, by key */
  private readonly absorbed = new Map<string, string[]>();

  /** `format`: raised with every change of Packed; files of other formats are passed over. */
  constructor(
    private readonly directory: string,
    private readonly format: number,
  ) {
    // what windows that were killed in the middle of a save left
    void clearLeftovers(directory);
  }

  /** Replaces what this window saved under the key; the oldest keys beyond KEPT go. */
  async save(key: string, packed: Packed): Promise<void> {
    await makeFolder(this.directory);
    await writeWhole(join(this.directory, `${key}-${this.writer}${SUFFIX}`), seal(serialize(packed), this.format));
    const superseded = (this.absorbed.get(key) ?? []).filter((name) => !isAlive(name));
    this.absorbed.delete(key);
    await Promise.all(superseded.map((name) => this.remove(name)));
    await this.prune();
  }

  /**
   * What every window has saved under it, the newest first. `damaged`: files that were set aside under these paths, and are not used.
   * Throws only what reading the folder throws.
   */
  async load(key: string): Promise<{ found: Packed[]; damaged: string[] }> {
    const names = (await this.list()).filter((name) => name.startsWith(`${key}-`) && name.endsWith(SUFFIX));
    const found: { name: string; time: number; packed: Packed }[] = [];
    const damaged: string[] = [];
    for (const name of names) {
      const file = join(this.directory, name);
      const bytes = await readFile(file).catch(unlessGone);
      if (!bytes) continue;
      const opened = unseal(bytes, this.format);
      if (opened === 'damaged') damaged.push(await this.setAside(file));
      else if (opened !== 'another version') {
        const time = (await stat(file).catch(unlessGone))?.mtimeMs ?? 0;
        found.push({ name, time, packed: opened.value as Packed });
      }
    }
    found.sort((a, b) => b.time - a.time);
    const others = found.filter(({ name }) => !name.endsWith(`-${this.writer}${SUFFIX}`));
    this.absorbed.set(
      key,
      others.map(({ name }) => name),
    );
    return { found: found.map(({ packed }) => packed), damaged };
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

/** A key of whatever tells results apart, its fields in any order. */
export function keyOf(...what: unknown[]): string {
  const sorted = (_: string, value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash('sha256').update(JSON.stringify(what, sorted)).digest('hex').slice(0, 32);
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
function seal(body: Uint8Array, format: number): Buffer {
  const version = Buffer.alloc(4);
  version.writeUInt32LE(format);
  return Buffer.concat([MAGIC, version, checksum(version, body), body]);
}
function unseal(bytes: Buffer, format: number): { value: unknown } | 'damaged' | 'another version' {
  const version = bytes.subarray(MAGIC.length, MAGIC.length + 4);
  const sum = bytes.subarray(MAGIC.length + 4, HEAD_BYTES);
  const body = bytes.subarray(HEAD_BYTES);
  const isWhole =
    bytes.length >= HEAD_BYTES && bytes.subarray(0, MAGIC.length).equals(MAGIC) && checksum(version, body).equals(sum);
  if (!isWhole) return 'damaged';
  return version.readUInt32LE() === format ? { value: deserialize(body) } : 'another version';
}
