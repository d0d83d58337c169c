/** The tensors of all shards together, and where an index and its shards say different things. */
import { quoted, type HeaderEntry, type ProblemList, type ReadHeader, type ShardIndex } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { missingRow, rowOf } from './rows.ts';

/** A shard as far as it is there. */
export interface Shard {
  file: string;
  sizeBytes: number | null;
  header: ReadHeader | null;
}

/** Rows of shards without an index. */
export function plainRows(shards: readonly Shard[], problems: ProblemList): Map<string, TensorRow> {
  const tensors = new Map<string, TensorRow>();
  for (const { file, header } of shards) {
    for (const entry of header?.entries.values() ?? []) {
      const before = tensors.get(entry.name);
      if (before) reportTwice(problems, entry, before.file, file);
      else tensors.set(entry.name, rowOf(entry, file));
    }
  }
  return tensors;
}

function reportTwice(problems: ProblemList, entry: HeaderEntry, first: string, second: string): void {
  const text = `it stands in ${first} and again in ${second}; the first is used.`;
  problems.add('error', 'duplicate-tensor', text, 'Download the shards again.', { tensor: entry.name });
}

/** Rows in the order of the shards; what index and shards say differently is reported. */
export function indexedRows(
  index: ShardIndex,
  shards: readonly Shard[],
  problems: ProblemList,
): Map<string, TensorRow> {
  const tensors = new Map<string, TensorRow>();
  const absent = shards.filter((shard) => shard.header === null);
  for (const { file, header } of shards) {
    for (const entry of header?.entries.values() ?? []) {
      const mapped = index.weightMap.get(entry.name);
      const before = tensors.get(entry.name);
      if (before && mapped !== file) {
        reportTwice(problems, entry, before.file, file);
        continue;
      }
      if (before) reportTwice(problems, entry, file, before.file);
      tensors.set(entry.name, rowOf(entry, file));
      if (mapped === undefined) {
        problems.add('warning', 'tensor-not-in-index', `it lies in ${file}, but the index does not name it.`, '', {
          tensor: entry.name,
        });
      } else if (mapped !== file) {
        const text = `the index says ${mapped}, but it lies in ${file}, which is used.`;
        problems.add('warning', 'tensor-in-other-shard', text, '', { tensor: entry.name });
      }
    }
  }
  const isAbsent = new Set(absent.map((shard) => shard.file));
  for (const [name, file] of index.weightMap) {
    if (tensors.has(name)) continue;
    tensors.set(name, missingRow(name, file));
    if (isAbsent.has(file)) continue;
    const text = `the index says it lies in ${file}, but it does not.`;
    problems.add('warning', 'tensor-not-in-shard', text, 'Download that shard again.', { tensor: name });
  }
  if (absent.length > 0) {
    const some = absent
      .slice(0, 3)
      .map((shard) => shard.file)
      .join(', ');
    const count = [...tensors.values()].filter((row) => row.missing && isAbsent.has(row.file)).length;
    const text = `${absent.length} of ${shards.length} shards are missing (${some}${absent.length > 3 ? ', …' : ''}); their ${count} tensors are listed, not read.`;
    problems.add('warning', 'shards-missing', text, 'Download them into the same folder.');
  }
  return tensors;
}

/** `total_size` is often wrong (0 is seen), so a difference is only noted. */
export function checkTotalSize(
  index: ShardIndex,
  shards: readonly Shard[],
  tensors: ReadonlyMap<string, TensorRow>,
  problems: ProblemList,
): void {
  const stated = index.metadata.get('total_size');
  if (stated === undefined || shards.some((shard) => shard.header === null)) return;
  const found = [...tensors.values()].reduce((sum, row) => sum + row.sizeBytes, 0);
  if (Number(stated) === found) return;
  const text = `the index states a total size of ${quoted(stated)} bytes, the shards hold ${found}.`;
  problems.add('info', 'total-size-differs', text, 'Some tools write it wrongly; nothing depends on it.');
}
