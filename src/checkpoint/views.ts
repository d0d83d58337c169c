/** The matrices [out, in] inside a tensor: the whole, the parts of a fused one, the experts of a stack, as strides. */
import {
  expertOf,
  expertParts,
  expertsInOut,
  familyOf,
  isFusedName,
  rowParts,
  type Family,
  type RowPart,
} from '../families/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { MatrixView } from './types.ts';
import { hasTooManyExperts, isStack } from './rows.ts';

const ofConfig = (config: ModelConfig | null): Family | null => familyOf(config?.modelType ?? null);

/**
 * Views of a 2-D tensor or a stack of experts; [] if there is no matrix (other numbers of axes). A fused tensor whose parts cannot be
 * told (no config, odd sizes) is one view: see `unsplitReason`.
 */
export function matrixViews(
  tensor: TensorRow,
  config: ModelConfig | null,
  family: Family | null = ofConfig(config),
): MatrixView[] {
  const { shape, module } = tensor;
  if (hasTooManyExperts(shape)) return [];
  if (isStack(tensor)) return expertViews(tensor, config, family);
  if (shape.length !== 2) return [];
  const [rows, columns] = outIn(tensor);
  const whole: MatrixView = {
    name: tensor.name,
    layer: tensor.layer,
    module,
    expert: expertOf(tensor.name),
    rows,
    columns,
    start: 0,
    rowStride: tensor.transposed ? 1 : columns,
    columnStride: tensor.transposed ? rows : 1,
  };
  const parts = rowParts(module, [rows, columns], family, config);
  return parts ? parts.map((part) => partView(whole, part)) : [whole];
}

/** A tensor of any shape as one row: what elementwise passes read. */
export function flatView(tensor: TensorRow, count: number): MatrixView {
  const { name, layer, module } = tensor;
  return {
    name,
    layer,
    module,
    expert: expertOf(name),
    rows: 1,
    columns: count,
    start: 0,
    rowStride: count,
    columnStride: 1,
  };
}

/** A 1-D tensor whole, or the parts of a fused bias, or of each row of a stack of biases [E, n]; [] of anything else. */
export function biasViews(
  tensor: TensorRow,
  config: ModelConfig | null,
  family: Family | null = ofConfig(config),
): MatrixView[] {
  const { shape, module, name } = tensor;
  const owner = module.replace(/[._]bias$/, '');
  if (shape.length === 2) {
    const [experts = 0, count = 0] = shape;
    const parts = expertParts(owner, count, family);
    return Array.from({ length: experts }, (_, e) =>
      vectorParts({ ...flatView(tensor, count), name: `${name}#${e}`, expert: e, start: e * count }, parts),
    ).flat();
  }
  const count = shape[0] ?? 0;
  const parts = owner === module ? null : rowParts(owner, [count, 1], family, config);
  return vectorParts(flatView(tensor, count), parts);
}

/** Runs and every second number of a vector; whole if its parts lie in blocks. */
function vectorParts(whole: MatrixView, parts: RowPart[] | null): MatrixView[] {
  if (!parts || parts.some(({ block }) => block)) return [whole];
  return parts.map(({ suffix, first, count, step }) => ({
    ...whole,
    name: `${whole.name}#${suffix}`,
    module: `${whole.module}#${suffix}`,
    columns: count,
    start: whole.start + first,
    rowStride: count * step,
    columnStride: step,
  }));
}

/** Why a tensor with a fused name is kept as one matrix, or null. */
export function unsplitReason(
  tensor: TensorRow,
  config: ModelConfig | null,
  family: Family | null = ofConfig(config),
): string | null {
  if (tensor.shape.length !== 2 || !isFusedName(tensor.module)) return null;
  if (rowParts(tensor.module, outIn(tensor), family, config)) return null;
  return config === null
    ? 'its parts cannot be told without a config.json beside it'
    : 'its rows do not divide as config.json says';
}

function outIn({ shape, transposed }: TensorRow): [rows: number, columns: number] {
  const [first = 0, second = 0] = shape;
  return transposed ? [second, first] : [first, second];
}

function identity({ name, layer, module }: TensorRow): Pick<MatrixView, 'name' | 'layer' | 'module' | 'expert'> {
  return { name, layer, module, expert: expertOf(name) };
}

function partView(whole: MatrixView, part: RowPart): MatrixView {
  return {
    ...whole,
    name: `${whole.name}#${part.suffix}`,
    module: `${whole.module}#${part.suffix}`,
    rows: part.count,
    start: whole.start + part.first * whole.rowStride,
    rowStride: part.step * whole.rowStride,
    ...(part.block ? { rowBlock: { size: part.block.size, stride: part.block.every * whole.rowStride } } : {}),
  };
}

/** [E, a, b]: E matrices, gate-up ones in two parts each. */
function expertViews(tensor: TensorRow, config: ModelConfig | null, family: Family | null): MatrixView[] {
  const [experts = 0, a = 0, b = 0] = tensor.shape;
  const transposed = expertsInOut(tensor.module, [a, b], family, config?.hiddenSize ?? null);
  const [rows, columns] = transposed ? [b, a] : [a, b];
  const parts = expertParts(tensor.module, rows, family);
  const views: MatrixView[] = [];
  for (let e = 0; e < experts; e++) {
    const whole: MatrixView = {
      ...identity(tensor),
      name: `${tensor.name}#${e}`,
      expert: e,
      rows,
      columns,
      start: e * a * b,
      rowStride: transposed ? 1 : columns,
      columnStride: transposed ? rows : 1,
    };
    if (parts) for (const part of parts) views.push(partView(whole, part));
    else views.push(whole);
  }
  return views;
}
