/** What a layout of quantised weights is: which entry of a file holds codes, and what they stand for. */
import { numberType, typeNames } from '../../numbers/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { QuantisationConfig } from './config.ts';

/** `target.length` bytes from `offset` of a tensor's data on. Throws read-failed (naming file and tensor) and cancelled. */
export type ReadBytes = (row: TensorRow, offset: number, target: Uint8Array, signal?: AbortSignal) => Promise<void>;

/** The values of a quantised tensor in the order in which its codes lie. */
export interface Decoder {
  /** Elements from `first` on, as many as `target` holds. Throws read-failed, bad-file (naming the tensor) and cancelled. */
  decode(first: number, target: Float32Array, signal?: AbortSignal): Promise<void>;
}

/** What stands beside a row of codes. */
export interface Neighbours {
  readonly tensors: ReadonlyMap<string, TensorRow>;
  readonly config: QuantisationConfig;
  /** the bytes of the few entries that describe others: the JSON of a quantisation state, a shape */
  readonly notes: ReadonlyMap<string, Uint8Array>;
  /** entries that are called scales of the weight with this stem, whatever the name is, but those of what it is multiplied with */
  scalesOf(stem: string): readonly TensorRow[];
}

/** What a row of codes stands for. */
export interface Claim {
  /** the name of the weight in the model: "…q_proj.weight" for "…q_proj.qweight" */
  readonly weight: string;
  /** as people call it: "FP8", "GPTQ" */
  readonly kind: string;
  /** of one code */
  readonly bits: number;
  /** "blocks of 128", "groups of 64", "one scale a row"; null if it is not known */
  readonly group: string | null;
  /** of the weight; null if even its number of weights is not known */
  readonly shape: readonly number[] | null;
  /** the values come with the last two axes of `shape` swapped */
  readonly flipped: boolean;
  /** scales, zero points, code books, states: bookkeeping */
  readonly sides: readonly TensorRow[];
  /** how its values are made; or why they are not */
  readonly decoder: ((read: ReadBytes) => Decoder) | string;
}

export interface Layout {
  readonly title: string;
  /** the documentation or the code that defines it */
  readonly source: string;
  /** null if the row does not hold codes of this layout */
  claim(row: TensorRow, beside: Neighbours): Claim | null;
}

/** Types that codes are stored in; a weight of any other type is never taken for codes. */
export const CODE_TYPES: ReadonlySet<string> = new Set(
  typeNames().filter((name) => {
    const type = numberType(name);
    return name === 'F4' || type?.kind === 'integer' || (type?.kind === 'float' && type.bits === 8);
  }),
);

/** The name without `ending`, or null. */
export function stemOf(name: string, ending: string): string | null {
  return name.endsWith(ending) ? name.slice(0, -ending.length) : null;
}

/** An entry with data. */
export function present(tensors: ReadonlyMap<string, TensorRow>, name: string): TensorRow | null {
  const row = tensors.get(name);
  return row && row.offset !== null ? row : null;
}

/** Those of these names that are there. */
export function sidesOf({ tensors }: Neighbours, names: readonly string[]): TensorRow[] {
  return names.map((name) => tensors.get(name)).filter((row) => row !== undefined);
}
