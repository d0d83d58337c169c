/** The base's tensors by the names that adapters have for them. */
import { normalizeName, pipelineModel } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Checkpoint } from '../types.ts';

export class Targets {
  private readonly named = new Map<string, TensorRow>();
  /** without the model of a pipeline, and with "_" for ".": null if several have that name */
  private readonly bare = new Map<string, TensorRow | null>();

  constructor({ tensors }: Checkpoint) {
    for (const row of tensors.values()) {
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
    return this.named.get(name) ?? this.bare.get(bareName(name)) ?? undefined;
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
