/** The formats that are read, the one meant first if a file is of none. */
import type { ByteSource } from '../bytes/index.ts';
import { greatest } from '../protocol/lists.ts';
import type { Format, Header } from './format.ts';
import { gguf } from './gguf/index.ts';
import { numpy } from './numpy/index.ts';
import { safetensors } from './safetensors/index.ts';
import { torch } from './torch/index.ts';

export const FORMATS: readonly [Format, ...Format[]] = [safetensors, torch, gguf, numpy];

/** The format whose suffix a name has, and that suffix. */
export function formatOfName(name: string): { format: Format; suffix: string } | null {
  const lower = name.toLowerCase();
  for (const format of FORMATS)
    for (const suffix of format.suffixes) if (lower.endsWith(suffix)) return { format, suffix };
  return null;
}

/** "weights.npy" */
export const isArrayFile = (name: string): boolean => formatOfArray(name) !== undefined;
function formatOfArray(name: string): Format | undefined {
  const lower = name.toLowerCase();
  return FORMATS.find(({ arrays }) => arrays?.some((suffix) => lower.endsWith(suffix)));
}

/**
 * By its suffix, else by its first bytes; by those too if others use the suffix. A file of neither goes to the format of its suffix, or
 * to the first one, which says what it is instead.
 */
export async function formatOf(source: ByteSource, file: string, signal?: AbortSignal): Promise<Format> {
  const named = formatOfName(file)?.format ?? formatOfArray(file);
  if (named && !named.shared) return named;
  const head = new Uint8Array(Math.min(source.sizeBytes, greatest(FORMATS.map(({ leadingBytes }) => leadingBytes))));
  await source.read(0, head, signal);
  return FORMATS.find((format) => format.claims(head, source.sizeBytes)) ?? named ?? FORMATS[0];
}

export type ReadHeader = Header & { format: Pick<Format, 'title'> };

/** The header of a file of any format. Throws read-failed and cancelled. */
export async function readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<ReadHeader> {
  const format = await formatOf(source, file, signal);
  return { ...(await format.readHeader(source, file, signal)), format };
}
