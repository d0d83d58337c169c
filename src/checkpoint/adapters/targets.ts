/** The base's tensors by the names that adapters have for them. */
import { expertParts, layoutKey, normalizeName, pipelineModel } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Checkpoint } from '../types.ts';

export class Targets {
  private readonly named = new Map<string, TensorRow>();
  /** without the model of a pipeline, and with "_" for ".": null if several have that name */
  private readonly bare = new Map<string, TensorRow | null>();

  private byLayout: Map<string, TensorRow> | null = null;

  constructor(private readonly base: Pick<Checkpoint, 'tensors' | 'family'>) {
    for (const row of base.tensors.values()) {
      const name = normalizeName(row.quantised?.weight ?? row.name);
      this.named.set(name, row);
      const bare = bareName(name);
      this.bare.set(bare, this.bare.has(bare) ? null : row);
    }
  }

  /** What a module keeps under that name; undefined if there is nothing, or more than one. */
  parameter(module: string, name: 'weight' | 'bias'): TensorRow | undefined {
    return this.tensor(`${module}.${name}`);
  }

  tensor(name: string): TensorRow | undefined {
    const { family } = this.base;
    return this.named.get(name) ?? this.bare.get(bareName(name)) ?? this.layouts.get(layoutKey(name, [], family));
  }

  /** By the key that a weight has under every way of saving; made when it is asked for. */
  private get layouts(): ReadonlyMap<string, TensorRow> {
    const { tensors, family } = this.base;
    return (this.byLayout ??= new Map(
      [...tensors.values()].map((row) => [layoutKey(row.quantised?.weight ?? row.name, [], family), row]),
    ));
  }

  /**
   * The experts of a stack that the base keeps as tensors of their own: of each those whose rows follow one another in the stack. Empty if
   * it has none.
   */
  experts(parameter: string): TensorRow[][] {
    const { family } = this.base;
    const { layouts } = this;
    // How many rows it has does not matter: only which parts.
    const parts = expertParts(parameter, 2, family)?.map(({ suffix }) => [suffix]) ?? [[]];
    const found: TensorRow[][] = [];
    for (;;) {
      const own = parts.map((part) => layouts.get(layoutKey(parameter, [String(found.length), ...part], family)));
      if (!own.every((row) => row?.shape.length === 2)) return found;
      found.push(own as TensorRow[]);
    }
  }

  /** All that a module keeps itself, under names of one part. */
  within(module: string): TensorRow[] {
    const found: TensorRow[] = [];
    for (const [name, row] of this.named)
      if (name.startsWith(`${module}.`) && !name.includes('.', module.length + 1)) found.push(row);
    return found;
  }
}

function bareName(name: string): string {
  const model = pipelineModel(name);
  return (model === null ? name : name.slice(model.length + 1)).replaceAll('.', '_');
}
