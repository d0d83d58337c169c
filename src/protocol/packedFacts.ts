/**
 * The facts of a checkpoint as they cross a border. The rows of a large index are 9 MB as objects and 1.5 MB packed, and as one string
 * they cost a border a copy instead of a visit of each value. Pure.
 */
import type { CheckpointFacts, QuantisedRow, TensorRow } from './engine.ts';
import { cutText } from './format.ts';
import { isShort, problemsForPage } from './forPage.ts';

/** `tensors`: JSON of PackedRows. */
export type PackedFacts = Omit<CheckpointFacts, 'tensors'> & { tensors: string };

/** What many rows have in common; the number of such kinds is small in every model. */
type Kind = Pick<TensorRow, 'module' | 'dtype' | 'shape' | 'sizeBytes' | 'missing' | 'role' | 'spectral'> & {
  transposed: boolean | null;
  quantised: PackedQuantised | null;
};
/** `weight` is the name less its last `cut` code units, and `tail`. */
type PackedQuantised = Omit<QuantisedRow, 'codes' | 'weight'> & { cut: number; tail: string };
/** One entry a row in each list but `kinds` and `files`. */
interface PackedRows {
  kinds: Kind[];
  files: string[];
  /** how many code units a name shares with the name before, and the rest of it */
  shared: number[];
  rest: string[];
  kind: number[];
  file: number[];
  layer: (number | null)[];
  /** FOLLOWS: where the data of the row before ends */
  offset: (number | null)[];
}
const FOLLOWS = -1;

/** What of a file's own words crosses a border: more than a person reads, less than what stops a page. */
const MAX_METADATA = 300;
const MAX_KEY = 200;
const MAX_VALUE = 2000;
const MAX_TYPES = 40;
const MAX_TYPE = 60;

/** Metadata, problems and names of types are cut, tensors whose names nobody could read left out, and what is left out is counted. */
export function packFacts(facts: CheckpointFacts): PackedFacts {
  const metadata = Object.entries(facts.metadata);
  const shown = metadata.slice(0, MAX_METADATA);
  const problems = problemsForPage(facts.problems);
  const tensors = facts.tensors.filter(({ name }) => isShort(name));
  return {
    ...facts,
    metadata: Object.fromEntries(shown.map(([key, value]) => [cutText(key, MAX_KEY), cutText(value, MAX_VALUE)])),
    ...(metadata.length > shown.length ? { metadataLeftOut: metadata.length - shown.length } : {}),
    problems: problems.shown,
    ...(problems.leftOut ? { problemsLeftOut: problems.leftOut } : {}),
    dtypes: cutTypes(facts.dtypes),
    ...(tensors.length < facts.tensors.length ? { tensorsLeftOut: facts.tensors.length - tensors.length } : {}),
    tensors: JSON.stringify(packRows(tensors)),
  };
}
/** The commonest types; those beyond are counted together. */
function cutTypes(dtypes: CheckpointFacts['dtypes']): CheckpointFacts['dtypes'] {
  const all = Object.entries(dtypes).sort((a, b) => b[1] - a[1]);
  const cut: Record<string, number> = {};
  for (const [dtype, count] of all.slice(0, MAX_TYPES)) {
    const name = cutText(dtype, MAX_TYPE);
    cut[name] = (cut[name] ?? 0) + count;
  }
  const rest = all.slice(MAX_TYPES);
  if (rest.length) cut[`${rest.length} more types`] = rest.reduce((sum, [, count]) => sum + count, 0);
  return cut;
}
export function unpackFacts(facts: PackedFacts): CheckpointFacts {
  return { ...facts, tensors: unpackRows(JSON.parse(facts.tensors) as PackedRows) };
}

function packRows(rows: readonly TensorRow[]): PackedRows {
  const packed: PackedRows = { kinds: [], files: [], shared: [], rest: [], kind: [], file: [], layer: [], offset: [] };
  const kinds = new Map<string, number>();
  const files = new Map<string, number>();
  let before: TensorRow | null = null;
  for (const row of rows) {
    const { name, module, shape, sizeBytes, missing, role, spectral } = row;
    const dtype = cutText(row.dtype, MAX_TYPE);
    const transposed = row.transposed ?? null;
    const quantised = packQuantised(row.quantised);
    // two kinds never have one key: what a file may write has its length before it
    const key = `${dtype.length} ${module.length} ${dtype}${module} ${sizeBytes} ${missing} ${role} ${spectral} ${transposed} ${shape.join()} ${quantised && JSON.stringify(quantised)}`;
    let kind = kinds.get(key);
    if (kind === undefined) {
      kinds.set(key, (kind = packed.kinds.length));
      packed.kinds.push({ module, dtype, shape, sizeBytes, missing, role, spectral, transposed, quantised });
    }
    let file = files.get(row.file);
    if (file === undefined) {
      files.set(row.file, (file = packed.files.length));
      packed.files.push(row.file);
    }
    const shared = before ? sharedLength(before.name, name) : 0;
    packed.shared.push(shared);
    packed.rest.push(name.slice(shared));
    packed.kind.push(kind);
    packed.file.push(file);
    packed.layer.push(row.layer);
    packed.offset.push(row.offset !== null && row.offset === endOf(before, row.file) ? FOLLOWS : row.offset);
    before = row;
  }
  return packed;
}

function packQuantised(quantised: QuantisedRow | undefined): PackedQuantised | null {
  if (!quantised) return null;
  const { codes, weight, ...rest } = quantised;
  const shared = sharedLength(codes, weight);
  return { ...rest, cut: codes.length - shared, tail: weight.slice(shared) };
}
function unpackQuantised({ cut, tail, ...rest }: PackedQuantised, codes: string): QuantisedRow {
  return { ...rest, codes, weight: codes.slice(0, codes.length - cut) + tail };
}

function unpackRows(packed: PackedRows): TensorRow[] {
  const rows: TensorRow[] = [];
  let before: TensorRow | null = null;
  for (let i = 0; i < packed.rest.length; i++) {
    const { module, dtype, shape, sizeBytes, missing, role, spectral, transposed, quantised } = packed.kinds[
      packed.kind[i] as number
    ] as Kind;
    const file = packed.files[packed.file[i] as number] as string;
    const offset = packed.offset[i] as number | null;
    const row: TensorRow = {
      name: (before?.name.slice(0, packed.shared[i]) ?? '') + (packed.rest[i] as string),
      layer: packed.layer[i] as number | null,
      module,
      dtype,
      shape,
      sizeBytes,
      file,
      offset: offset === FOLLOWS ? endOf(before, file) : offset,
      missing,
      role,
      spectral,
    };
    if (transposed !== null) row.transposed = transposed;
    if (quantised !== null) row.quantised = unpackQuantised(quantised, row.name);
    rows.push(row);
    before = row;
  }
  return rows;
}

/** Null if the row before lies in another file or nowhere. */
function endOf(row: TensorRow | null, file: string): number | null {
  return row === null || row.offset === null || row.file !== file ? null : row.offset + row.sizeBytes;
}
function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
