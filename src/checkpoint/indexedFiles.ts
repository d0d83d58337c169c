/** The files that an index means, and what to open if it is of another build than the files beside it. */
import { places } from '../bytes/index.ts';
import { isSetOf, listingOf, type ShardSet } from '../formats/index.ts';

export interface IndexedFiles {
  files: string[];
  /** what is wrong, if the index names other files than those that lie here and were taken; null if it holds */
  stale: string | null;
  /** files that the names say, of a stale one */
  total: number;
  /** checkpoint files beside it that it does not name */
  beside: string[];
}

/**
 * An index is stale if files that it names are missing, and what lies beside it is a whole set of shards (or all that is there) without
 * them. One with some of its own set missing is an unfinished download, and stays as it is.
 */
export async function filesOfIndex(folder: string, index: string, named: readonly string[]): Promise<IndexedFiles> {
  if (!places.canList(folder)) return { files: [...named], stale: null, total: named.length, beside: [] };
  const names = await places.list(folder);
  const there = new Set(names);
  const wanted = new Set(named);
  const { sets, files } = listingOf(names);
  const beside = [...sets.flatMap((set) => set.files), ...files].filter((name) => !wanted.has(name));
  // A name with a folder in it is looked for when it is opened.
  const absent = named.filter((name) => !name.includes('/') && !there.has(name));
  const asNamed: IndexedFiles = { files: [...named], stale: null, total: named.length, beside };
  if (absent.length === 0) return asNamed;
  const present = named.filter((name) => there.has(name));
  const taken = instead(sets, files, present, wanted, index);
  if (!taken) return asNamed;
  const unnamed = taken.files.filter((name) => !wanted.has(name));
  const text =
    `${absent.length} of the ${named.length} files that it names are not here (${some(absent)}), and ${unnamed.length} lie here that it does not name (${some(unnamed)}): ` +
    'it is the index of another build. The files that lie here were opened without it.';
  return { ...taken, stale: text, beside: beside.filter((name) => !taken.files.includes(name)) };
}

function instead(
  sets: readonly ShardSet[],
  files: readonly string[],
  present: readonly string[],
  wanted: ReadonlySet<string>,
  index: string,
): { files: string[]; total: number } | null {
  const other = sets.filter((set) => !set.ranked && set.files.some((name) => !wanted.has(name)));
  const whole = other.filter((set) => set.complete && present.every((name) => set.files.includes(name)));
  const best = (some: readonly ShardSet[]): ShardSet | undefined => some.find((set) => isSetOf(set, index)) ?? some[0];
  const set = best(whole) ?? (present.length === 0 ? best(other) : undefined);
  if (set) return { files: set.files, total: Math.max(set.files.length, set.total ?? 0) };
  return present.length === 0 && files.length === 1 ? { files: [...files], total: 1 } : null;
}

const some = (names: readonly string[]): string => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
