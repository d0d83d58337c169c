/** The base's tensors by the names that adapters have for them. */
import { expertParts, layoutKey, normalizeName, pipelineModel, stageOf, type Stage } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Checkpoint, MatrixView } from '../types.ts';
import { matrixViews } from '../views.ts';

/** A matrix inside a tensor of the base: a part of a fused one, an expert of a stack, or the whole. */
export interface BasePart {
  row: TensorRow;
  view: MatrixView;
}

/** What the parts of fused tensors do, so that they are found under any name of a module that does it. */
const STAGE_OF_PART: ReadonlyMap<string, Stage> = new Map([
  ['q', 'query'],
  ['k', 'key'],
  ['v', 'value'],
  ['gate', 'gate'],
  ['up', 'up'],
]);

export class Targets {
  private readonly named = new Map<string, TensorRow>();
  /** without the model of a pipeline, and with "_" for ".": null if several have that name */
  private readonly bare = new Map<string, TensorRow | null>();

  private byLayout: Map<string, TensorRow> | null = null;
  private byPart: Map<string, BasePart> | null = null;

  constructor(private readonly base: Pick<Checkpoint, 'tensors' | 'family' | 'config'>) {
    for (const row of base.tensors.values()) {
      const name = normalizeName(row.quantised?.weight ?? row.name);
      this.named.set(name, row);
      const bare = bareName(name);
      this.bare.set(bare, this.bare.has(bare) ? null : row);
    }
  }

  /** What a module keeps under that name, itself or in the layer that MLX wraps; undefined if there is nothing, or more than one. */
  parameter(module: string, name: 'weight' | 'bias'): TensorRow | undefined {
    return this.tensor(`${module}.${name}`) ?? this.named.get(`${module}.linear.${name}`);
  }

  tensor(name: string): TensorRow | undefined {
    const { family } = this.base;
    return this.named.get(name) ?? this.bare.get(bareName(name)) ?? this.layouts.get(layoutKey(name, [], family));
  }

  /**
   * What stands before these modules' names and not before the base's, or the other way round ("thinker." of an adapter of a part), so that
   * most of them have a weight there; null if nothing does. Parts of the path before the layers.
   */
  prefixFor(modules: readonly string[]): { take: string; put: string } | null {
    const layers = /^(.*?)((?:^|\.)(?:layers?|h|blocks?)\.\d+\..*)$/;
    const startOf = (name: string): string | null => layers.exec(name)?.[1] ?? null;
    const starts = new Set(modules.map(startOf));
    const [take] = starts;
    if (take == null || starts.size !== 1) return null;
    const own = new Set([...this.named.keys()].map(startOf).filter((start) => start !== null));
    const fitting = [...own].filter((put) => {
      const there = modules.filter((name) => this.named.has(`${renamed(name, { take, put })}.weight`));
      return there.length * 2 > modules.length;
    });
    const [put] = fitting;
    // Two towers with the same names below them: which of the two is not told.
    return put === undefined || fitting.length !== 1 || put === take ? null : { take, put };
  }

  /** By the key that a weight has under every way of saving; made when it is asked for. */
  private get layouts(): ReadonlyMap<string, TensorRow> {
    const { tensors, family } = this.base;
    return (this.byLayout ??= new Map(
      [...tensors.values()].map((row) => [layoutKey(row.quantised?.weight ?? row.name, [], family), row]),
    ));
  }

  /** The matrix that a module's weight is in a fused tensor, or in a stack of experts. */
  part(name: string): BasePart | undefined {
    const key = layoutKey(name, [], this.base.family);
    const stage = stageOf(name);
    return this.parts.get(key) ?? (stage === null ? undefined : this.parts.get(byStage(key, stage)));
  }

  /** The parts of a fused weight that the base keeps as matrices of their own, by "q", "k", "v"; undefined of those that it has not. */
  partsOf(name: string, suffixes: readonly string[]): (BasePart | undefined)[] {
    return suffixes.map((suffix) => {
      const key = layoutKey(name, [suffix], this.base.family);
      const stage = STAGE_OF_PART.get(suffix);
      return this.parts.get(key) ?? (stage === undefined ? undefined : this.parts.get(byStage(key, stage)));
    });
  }

  /**
   * The experts of a stack that the base keeps in another way, as tensors of their own or within another stack: of each the matrices whose
   * rows follow one another in the adapter's stack. Empty if it has none.
   */
  experts(parameter: string): BasePart[][] {
    const { family } = this.base;
    const { parts } = this;
    // How many rows it has does not matter: only which parts.
    const marks = expertParts(parameter, 2, family)?.map(({ suffix }) => [suffix]) ?? [[]];
    const found: BasePart[][] = [];
    for (;;) {
      const own = marks.map((mark) => parts.get(layoutKey(parameter, [String(found.length), ...mark], family)));
      if (!own.every((part) => part !== undefined)) return found;
      found.push(own);
    }
  }

  /** Every matrix of the base by the key that it has under every way of saving, and by what it does; made when it is asked for. */
  private get parts(): ReadonlyMap<string, BasePart> {
    return (this.byPart ??= this.collectParts());
  }
  private collectParts(): Map<string, BasePart> {
    const { tensors, config, family } = this.base;
    const found = new Map<string, BasePart>();
    const stages = new Map<string, BasePart | null>();
    for (const row of tensors.values())
      for (const view of matrixViews(row, config, family)) {
        const marks = view.name.slice(row.name.length).split('#').slice(1);
        const name = row.quantised?.weight ?? row.name;
        const key = layoutKey(name, marks, family);
        found.set(key, { row, view });
        const stage = STAGE_OF_PART.get(marks.at(-1) ?? '') ?? stageOf(name);
        if (stage === null) continue;
        const alias = byStage(key, stage);
        stages.set(alias, stages.has(alias) ? null : { row, view });
      }
    for (const [alias, part] of stages) if (part && !found.has(alias)) found.set(alias, part);
    return found;
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
  return (model === null ? name : normalizeName(name.slice(model.length + 1))).replaceAll('.', '_');
}

/** What stands beside its siblings and does that, whatever its last word is. */
function byStage(key: string, stage: Stage): string {
  return `${key.slice(0, key.lastIndexOf('.') + 1)}<${stage}>`;
}

/** A module's name with one start in place of another. */
export function renamed(name: string, { take, put }: { take: string; put: string }): string {
  const rest = name.slice(take.length).replace(/^\./, '');
  return put === '' ? rest : `${put}.${rest}`;
}
