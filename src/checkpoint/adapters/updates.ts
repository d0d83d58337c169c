/**
 * What an adapter does to one module, as each kind defines it: rows of W0 [out, in] become rows of W1, in float64 (METRICS F). Never forms
 * the whole of D.
 */
import { castCodes, isMatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { readMatrix } from '../read.ts';
import type { Checkpoint } from '../types.ts';
import type { StorageEntry } from '../weight.ts';
import { wholeWeight } from '../weights.ts';

/** Adds to, or multiplies, one whole row of W0 (`row` of out), in place. */
export type RowUpdate = (row: number, values: Float64Array) => void;

export interface ModuleUpdate {
  /** shape of the weight that it changes; null: whatever the weight has on that axis */
  readonly out: number | null;
  readonly in: number | null;
  readonly entries: readonly StorageEntry[];
  /** Reads the factors: small against the weight. Throws read-failed, cancelled. */
  load(signal?: AbortSignal): Promise<RowUpdate>;
}

/** A factor as numbers: [rows, columns] in float64. */
interface Factor {
  rows: number;
  columns: number;
  values: Float64Array;
}
export type Parts = ReadonlyMap<string, TensorRow>;

/**
 * The update of one module from its parts, or the reason why it is not one that is computed. `scale`: s of s B A, or alpha / r of the
 * Hadamard and Kronecker kinds.
 */
export function moduleUpdate(checkpoint: Checkpoint, parts: Parts, scale: number | null): ModuleUpdate | string {
  const names = new Set(parts.keys());
  const only = (...wanted: string[]): boolean =>
    names.size === wanted.length && wanted.every((name) => names.has(name));
  const make = (
    shape: Pick<ModuleUpdate, 'out' | 'in'>,
    rule: (factors: Map<string, Factor>) => RowUpdate,
  ): ModuleUpdate => ({
    ...shape,
    entries: [...parts.values()].flatMap((row) => wholeWeight(checkpoint, row).entries),
    load: async (signal) => {
      const factors = new Map<string, Factor>();
      for (const [name, row] of parts) factors.set(name, await readFactor(checkpoint, row, signal));
      return rule(factors);
    },
  });
  const side = (name: string, axis: number): number => parts.get(name)?.shape[axis] ?? 0;
  if (only('ia3_l')) {
    const [first = 0, second = 0] = parts.get('ia3_l')?.shape ?? [];
    return make({ out: second === 1 ? first : null, in: second === 1 ? null : second }, scaled);
  }
  if (scale === null) return 'its scale is not known: no adapter_config.json with lora_alpha lies beside it';
  if (only('lora_A', 'lora_B') || only('lora_A', 'lora_B', 'lora_magnitude_vector'))
    return side('lora_A', 0) !== side('lora_B', 1)
      ? ranksDisagree(side('lora_A', 0), side('lora_B', 1))
      : make({ out: side('lora_B', 0), in: side('lora_A', 1) }, (factors) => lowRank(factors, scale));
  if (only('lora_a', 'lora_b'))
    return side('lora_a', 1) !== side('lora_b', 0)
      ? ranksDisagree(side('lora_a', 1), side('lora_b', 0))
      : make({ out: side('lora_b', 1), in: side('lora_a', 0) }, (factors) =>
          added(transposed(need(factors, 'lora_b')), transposed(need(factors, 'lora_a')), scale),
        );
  if (only('lora_embedding_A', 'lora_embedding_B'))
    return make({ out: side('lora_embedding_A', 1), in: side('lora_embedding_B', 0) }, (factors) =>
      added(transposed(need(factors, 'lora_embedding_A')), transposed(need(factors, 'lora_embedding_B')), scale),
    );
  if (only('hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b'))
    return make({ out: side('hada_w1_a', 0), in: side('hada_w1_b', 1) }, (factors) => hadamard(factors, scale));
  if (names.size > 0 && [...names].every((name) => /^lokr_w[12](_[ab])?$/.test(name)))
    return make(
      {
        out: (side('lokr_w1', 0) || side('lokr_w1_a', 0)) * (side('lokr_w2', 0) || side('lokr_w2_a', 0)),
        in: (side('lokr_w1', 1) || side('lokr_w1_b', 1)) * (side('lokr_w2', 1) || side('lokr_w2_b', 1)),
      },
      (factors) => kronecker(factors, scale),
    );
  if (names.has('lora_A') !== names.has('lora_B'))
    return `it has one factor without the other (${[...names].join(', ')})`;
  return `its parts (${[...names].slice(0, 6).join(', ')}) are not computed by this version`;
}

const ranksDisagree = (a: number, b: number): string => `the ranks of its two factors disagree: ${a} and ${b}`;

async function readFactor(checkpoint: Checkpoint, row: TensorRow, signal?: AbortSignal): Promise<Factor> {
  const weight = wholeWeight(checkpoint, row);
  if (!isMatrixType(weight.type))
    throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(row.name)} of type ${row.dtype} is not a factor.`);
  const values = new Float64Array(weight.count);
  castCodes(weight.type, await readMatrix(weight, signal), 'F64', new Uint8Array(values.buffer));
  const [rows = 1, columns = 1] = row.shape;
  return { rows, columns, values };
}

function need(factors: ReadonlyMap<string, Factor>, name: string): Factor {
  const factor = factors.get(name);
  if (!factor) throw new OffaxisError('bug', `The factor ${name} was not read.`);
  return factor;
}

function transposed({ rows, columns, values }: Factor): Factor {
  const turned = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j] as number;
  return { rows: columns, columns: rows, values: turned };
}

/** Row `row` of left * right, into `target`. */
function productRow(left: Factor, right: Factor, row: number, target: Float64Array): void {
  target.fill(0);
  for (let k = 0; k < left.columns; k++) {
    const weight = left.values[row * left.columns + k] as number;
    const start = k * right.columns;
    for (let j = 0; j < target.length; j++)
      target[j] = (target[j] as number) + weight * (right.values[start + j] as number);
  }
}

/** W0 + s left right. */
function added(left: Factor, right: Factor, scale: number): RowUpdate {
  const update = new Float64Array(right.columns);
  return (row, values) => {
    productRow(left, right, row, update);
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) + scale * (update[j] as number);
  };
}

/** LoRA (arXiv 2106.09685): W0 + s B A. DoRA (arXiv 2402.09353): each row of that, scaled to the length that it has learnt. */
function lowRank(factors: ReadonlyMap<string, Factor>, scale: number): RowUpdate {
  const add = added(need(factors, 'lora_B'), need(factors, 'lora_A'), scale);
  const magnitude = factors.get('lora_magnitude_vector');
  if (!magnitude) return add;
  return (row, values) => {
    add(row, values);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const factor = (magnitude.values[row] as number) / norm;
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) * factor;
  };
}

/** IA3 (arXiv 2205.05638): [out, 1] scales the outputs, [1, in] the inputs. */
function scaled(factors: ReadonlyMap<string, Factor>): RowUpdate {
  const { columns, values: factor } = need(factors, 'ia3_l');
  return (row, values) => {
    for (let j = 0; j < values.length; j++)
      values[j] = (values[j] as number) * (factor[columns === 1 ? row : j] as number);
  };
}

/** LoHa (arXiv 2108.06098): W0 + s (w1a w1b) o (w2a w2b). */
function hadamard(factors: ReadonlyMap<string, Factor>, scale: number): RowUpdate {
  const columns = need(factors, 'hada_w1_b').columns;
  const [one, two] = [new Float64Array(columns), new Float64Array(columns)];
  return (row, values) => {
    productRow(need(factors, 'hada_w1_a'), need(factors, 'hada_w1_b'), row, one);
    productRow(need(factors, 'hada_w2_a'), need(factors, 'hada_w2_b'), row, two);
    for (let j = 0; j < values.length; j++)
      values[j] = (values[j] as number) + scale * (one[j] as number) * (two[j] as number);
  };
}

/** LoKr (arXiv 2309.14859): W0 + s w1 (x) w2, each whole or a product of two. */
function kronecker(factors: ReadonlyMap<string, Factor>, scale: number): RowUpdate {
  const [first, second] = [wholeFactor(factors, 'lokr_w1'), wholeFactor(factors, 'lokr_w2')];
  return (row, values) => {
    const a = Math.floor(row / second.rows) * first.columns;
    const b = (row % second.rows) * second.columns;
    for (let j = 0; j < values.length; j++)
      values[j] =
        (values[j] as number) +
        scale *
          (first.values[a + Math.floor(j / second.columns)] as number) *
          (second.values[b + (j % second.columns)] as number);
  };
}

function wholeFactor(factors: ReadonlyMap<string, Factor>, name: string): Factor {
  const whole = factors.get(name);
  if (whole) return whole;
  const [left, right] = [need(factors, `${name}_a`), need(factors, `${name}_b`)];
  const values = new Float64Array(left.rows * right.columns);
  for (let row = 0; row < left.rows; row++)
    productRow(left, right, row, values.subarray(row * right.columns, (row + 1) * right.columns));
  return { rows: left.rows, columns: right.columns, values };
}
