/** Two weights as one pair: as their models compute with them, in one storage. */
import type { Family } from '../families/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { UnmergedModel } from './adapters/unmerged.ts';
import { inOneStorage } from './cast.ts';
import type { Checkpoint, MatrixView } from './types.ts';
import type { Weight, WeightPair } from './weight.ts';
import { flatWeight, weightOf } from './weights.ts';
import { whyNoMatrix, whyNoSpectrum } from './whyNot.ts';
import { elementCount } from '../protocol/lists.ts';

export interface PairOptions {
  /** spectra of matrices outside the blocks too: embeddings, output head, others */
  includeEmbeddings: boolean;
  /** glob over the names of either side, null for all */
  tensors: string | null;
}
export interface Sides {
  base: Checkpoint;
  tuned: Checkpoint;
  /** with an adapter in it that is not merged, or null */
  unmerged: Record<'base' | 'tuned', UnmergedModel | null>;
  /** of the base, else of the tuned side: both hold one model */
  config: ModelConfig | null;
  family: Family | null;
}

/** A weight as its model computes with it: with the update of an adapter that was not merged. */
export function modelWeight(
  sides: Sides,
  side: 'base' | 'tuned',
  row: TensorRow,
  view: MatrixView,
  shape?: readonly number[],
): Weight {
  const weight = weightOf(sides[side], row, view, shape);
  return sides.unmerged[side]?.applied(weight, row, view) ?? weight;
}

export function pairOf(base: Weight, tuned: Weight, { includeEmbeddings }: PairOptions): WeightPair {
  const reason = whyNoSpectrum(base, includeEmbeddings);
  const [left, right] = inOneStorage(base, tuned);
  return {
    name: base.name,
    base: left,
    tuned: right,
    count: base.count,
    spectral: reason === null,
    ...(reason === null ? {} : { reason }),
  };
}

/**
 * Two whole tensors that hold no matrix. A checkpoint may have half a million of them, so the pair keeps their rows and makes the weights
 * anew whenever it is asked for them.
 */
export class WholePair implements WeightPair {
  constructor(
    private readonly sides: Sides,
    private readonly baseRow: TensorRow,
    private readonly tunedRow: TensorRow,
  ) {}

  get name(): string {
    return this.baseRow.name;
  }
  get count(): number {
    return elementCount(this.baseRow.shape);
  }
  get spectral(): boolean {
    return false;
  }
  get reason(): string {
    const { shape, module } = this.baseRow;
    return whyNoMatrix(shape, module);
  }
  get base(): Weight {
    return this.inOneStorage()[0];
  }
  get tuned(): Weight {
    return this.inOneStorage()[1];
  }

  private inOneStorage(): [base: Weight, tuned: Weight] {
    return inOneStorage(flatWeight(this.sides.base, this.baseRow), flatWeight(this.sides.tuned, this.tunedRow));
  }
}
