/** The formats that are read, the one meant first if a file is of none. */
import type { ByteSource } from '../bytes/index.ts';
import { greatest } from '../protocol/lists.ts';
import type { Format, Header } from './format.ts';
import { safetensors } from './safetensors/index.ts';

export const FORMATS: readonly [Format, ...Format[]] = [safetensors];

/** By its suffix, else by its first bytes; a file of neither goes to the first format, which says what it is instead. */
export async function formatOf(source: ByteSource, file: string, signal?: AbortSignal): Promise<Format> {
  const named = FORMATS.find(({ suffix }) => file.toLowerCase().endsWith(suffix));
  if (named) return named;
  const head = new Uint8Array(Math.min(source.sizeBytes, greatest(FORMATS.map(({ leadingBytes }) => leadingBytes))));
  await source.read(0, head, signal);
  return FORMATS.find((format) => format.claims(head, source.sizeBytes)) ?? FORMATS[0];
}

/** The header of a file of any format. Throws read-failed and cancelled. */
export async function readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header> {
  return (await formatOf(source, file, signal)).readHeader(source, file, signal);
}
