/** A whole model with its adapter still beside its weights: each of them with its update in it, as the model computes. */
import { isAdapterPart } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Problem } from '../../protocol/results.ts';
import type { Checkpoint, MatrixView } from '../types.ts';
import type { Weight } from '../weight.ts';
import { AdaptedWeight } from './adaptedWeight.ts';
import type { Adapter } from './adapter.ts';
import { assignUpdates, updateAt, type Assigned } from './assign.ts';

/** Is the tensor the model's own, as factors and the weights that `modules_to_save` has replaced are not? */
export function isOwnTensor({ adapter }: Checkpoint, { name }: TensorRow): boolean {
  return !adapter?.facts.unmerged || (!isAdapterPart(name) && !name.includes('.original_module.'));
}

export class UnmergedModel {
  private readonly assigned: Assigned;
  private readonly kind: string;

  private constructor(
    private readonly checkpoint: Checkpoint,
    private readonly adapter: Adapter,
  ) {
    this.kind = adapter.facts.kind;
    this.assigned = assignUpdates(checkpoint, checkpoint, adapter);
  }

  /** Null of a model without an adapter in it. */
  static of(checkpoint: Checkpoint): UnmergedModel | null {
    return checkpoint.adapter?.facts.unmerged ? new UnmergedModel(checkpoint, checkpoint.adapter) : null;
  }

  /** Why the model's weight can't be made of this one, or null. */
  whyNot(row: TensorRow): string | null {
    const name = storedName(row);
    const { updates, reasons } = this.assigned;
    const why = (updates.has(name) ? this.adapter.refused : null) ?? reasons.get(name);
    return why === undefined
      ? null
      : `it carries an adapter update (${this.kind}) that is not merged, and ${why}. Merge it (PEFT: merge_and_unload)`;
  }

  /** `weight`, which is this view of the row, with the update that belongs to it. */
  applied(weight: Weight, row: TensorRow, view: MatrixView): Weight {
    const stored = { ...row, name: storedName(row) };
    const name = stored.name + view.name.slice(row.name.length);
    const found = updateAt(this.assigned, this.checkpoint, stored, { ...view, name });
    return found ? new AdaptedWeight(weight, found.update, found.at, this.kind) : weight;
  }
}

/** A row may go by the name of the weight that its codes make. */
function storedName({ name, quantised }: TensorRow): string {
  return quantised?.codes ?? name;
}

/** What is said of a side in front of every figure: how many of its weights are read with their update, or why they are not. */
export function unmergedNote(side: 'base' | 'tuned', { adapter }: Checkpoint, left: readonly string[]): Problem {
  const { kind = '', rank = null, scale = null, matrices = 0 } = adapter?.facts ?? {};
  const details = [kind, ...(rank === null ? [] : [`rank ${rank}`]), ...(scale === null ? [] : [`scale ${scale}`])];
  const what = `The ${side} side carries an adapter (${details.join(', ')}) that is not merged`;
  const [first] = left;
  if (first === undefined)
    return {
      severity: 'info',
      code: 'pairing-unmerged',
      message: `${what}: ${matrices} of its weights are read together with their update.`,
    };
  return {
    severity: 'warning',
    code: 'pairing-unmerged',
    message: `${what}: ${left.length} of the ${matrices} weights that it changes are not counted in any figure, as each of them is not what the model computes with. ${first}.`,
  };
}
