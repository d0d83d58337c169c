/** What a comparison has computed so far: results by tensor, curves by matrix, failures. */
import type { ComparisonEvent, ComparisonPlan, MatrixDetail } from '../protocol/engine.ts';
import type { WireError } from '../protocol/errors.ts';
import type { ComparisonTensor } from '../protocol/results.ts';

export interface Failure {
  name: string;
  error: WireError;
}
export interface ResultBatch {
  tensors: ComparisonTensor[];
  details: MatrixDetail[];
  failed: Failure[];
}

export class ComparisonResults {
  readonly tensors = new Map<string, ComparisonTensor>();
  readonly details = new Map<string, MatrixDetail>();
  readonly failed = new Map<string, Failure>();

  add(event: Extract<ComparisonEvent, { type: 'change' | 'matrix' | 'failed' }>): void {
    if (event.type === 'failed') {
      this.failed.set(event.name, { name: event.name, error: event.error });
      return;
    }
    const { name } = event.tensor;
    // A run that was resumed passes again over a matrix's change; its spectra stay.
    if (event.type === 'change' && this.details.has(name)) return;
    this.tensors.set(name, event.tensor);
    if (event.type === 'matrix') {
      this.details.set(name, event.detail);
      this.failed.delete(name);
    }
  }

  clear(): void {
    this.tensors.clear();
    this.details.clear();
    this.failed.clear();
  }

  /** Names with nothing left to compute: matrices with their spectra, other tensors with their change. */
  finished(plan: ComparisonPlan): string[] {
    return plan.pairs
      .filter(({ name, spectral }) => (spectral ? this.details.has(name) : this.tensors.has(name)))
      .map(({ name }) => name);
  }

  /** Everything, in portions: one message of a large comparison would block the page. */
  *portions(size: number): Generator<ResultBatch, void, undefined> {
    const names = [...this.tensors.keys()];
    for (let at = 0; at < names.length; at += size) {
      const portion = names.slice(at, at + size);
      yield {
        tensors: portion.flatMap((name) => this.tensors.get(name) ?? []),
        details: portion.flatMap((name) => this.details.get(name) ?? []),
        failed: [],
      };
    }
    if (this.failed.size) yield { tensors: [], details: [], failed: [...this.failed.values()] };
  }
}
