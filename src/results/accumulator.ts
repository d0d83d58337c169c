/** What a comparison has yielded so far, put together from its events: the one place that knows how, for whoever listens to a run. */
import { answerTo } from '../answer/answer.ts';
import type { Answer } from '../answer/clause.ts';
import { answerJson } from '../answer/render.ts';
import { coveredShare, withoutFailed } from '../metrics/coverage.ts';
import { summarize } from '../metrics/summary.ts';
import type { ComparisonEvent, ComparisonPlan, Coverage, MatrixDetail } from '../protocol/engine.ts';
import { OffaxisError, type WireError } from '../protocol/errors.ts';
import type {
  BackendInfo,
  ComparisonParameters,
  ComparisonResult,
  ComparisonSummary,
  ComparisonTensor,
} from '../protocol/results.ts';

export interface Failure {
  name: string;
  error: WireError;
}
export interface ResultBatch {
  tensors: ComparisonTensor[];
  details: MatrixDetail[];
  failed: Failure[];
}
export const emptyBatch = (): ResultBatch => ({ tensors: [], details: [], failed: [] });

/**
 * What was asked for of its singular values is computed, or was found to be undefined: `angleRank` is a parameter that every such matrix
 * has.
 */
export const hasSpectra = ({ metrics }: Pick<ComparisonTensor, 'metrics'>): boolean => metrics.angleRank !== undefined;
/** Its whole spectra are computed, or were found to be undefined: not only the leading triplets that say where its update points. */
export const hasWholeSpectra = ({ metrics }: Pick<ComparisonTensor, 'metrics'>): boolean =>
  hasSpectra({ metrics }) && metrics.nss !== undefined;

/** How far a tensor has come: its change, with that its alignment, or all. */
const stageOf = (tensor: ComparisonTensor): number => Number(hasSpectra(tensor)) + Number(hasWholeSpectra(tensor));

/**
 * In the order of the plan: sums then come to the same bits, whichever matrix was done first and on how many machines. The page may have
 * results of matrices whose part of the plan is still to come: then in the order in which they came.
 */
function inOrderOf<T>({ pairs }: ComparisonPlan, byName: ReadonlyMap<string, T>): T[] {
  const ordered: T[] = [];
  for (const { name } of pairs) {
    const one = byName.get(name);
    if (one !== undefined) ordered.push(one);
  }
  return ordered.length === byName.size ? ordered : [...byName.values()];
}

export class Accumulator {
  plan: ComparisonPlan | null = null;
  backend: BackendInfo | null = null;
  readonly tensors = new Map<string, ComparisonTensor>();
  readonly details = new Map<string, MatrixDetail>();
  readonly failed = new Map<string, WireError>();

  /** `keepsDetails`: curves of every matrix, which take most of the memory; without them `result` has no profiles. */
  constructor(private readonly keepsDetails = true) {}

  /** An event of the engine. Returns what it changed, for those who pass it on. */
  add(event: ComparisonEvent): ResultBatch {
    switch (event.type) {
      case 'plan':
        this.plan = event.plan;
        this.backend = event.backend;
        return emptyBatch();
      case 'progress':
        return emptyBatch();
      case 'change':
        return this.merge({ tensors: [event.tensor], details: [], failed: [] });
      case 'matrix':
        return this.merge({ tensors: [event.tensor], details: [event.detail], failed: [] });
      case 'failed':
        return this.merge({ tensors: [], details: [], failed: [{ name: event.name, error: event.error }] });
    }
  }

  /**
   * Results of any run of the same two checkpoints. What is known of a matrix is not replaced by a later stage's first pass, which knows
   * less, and its spectra end its failure. Returns what was taken.
   */
  merge({ tensors, details, failed }: ResultBatch): ResultBatch {
    const taken = emptyBatch();
    const passedOver = new Set<string>();
    for (const failure of failed) {
      this.failed.set(failure.name, failure.error);
      taken.failed.push(failure);
    }
    for (const tensor of tensors) {
      const present = this.tensors.get(tensor.name);
      if (present && stageOf(present) > stageOf(tensor)) {
        passedOver.add(tensor.name);
        continue;
      }
      this.tensors.set(tensor.name, tensor);
      taken.tensors.push(tensor);
      if (hasSpectra(tensor)) this.failed.delete(tensor.name);
    }
    if (this.keepsDetails)
      for (const detail of details) {
        if (passedOver.has(detail.name)) continue;
        this.details.set(detail.name, detail);
        taken.details.push(detail);
      }
    return taken;
  }

  /** The results; the plan stays. */
  clear(): void {
    this.tensors.clear();
    this.details.clear();
    this.failed.clear();
  }

  lists(): ResultBatch {
    return {
      tensors: [...this.tensors.values()],
      details: [...this.details.values()],
      failed: this.failures(),
    };
  }

  /** Everything, in portions: one message of a large comparison would block a page. */
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
    if (this.failed.size) yield { tensors: [], details: [], failed: this.failures() };
  }

  /** Names of the plan with nothing left to compute: matrices with what is asked for of their spectra, other tensors with their change. */
  finished(spectra: ComparisonParameters['spectra']): string[] {
    const isFinished = spectra === 'leading' ? hasSpectra : hasWholeSpectra;
    return (this.plan?.pairs ?? []).flatMap(({ name, spectral }) => {
      const tensor = this.tensors.get(name);
      return tensor && (!spectral || isFinished(tensor)) ? [name] : [];
    });
  }

  /** The model-level figures of what is there. Null before there is a plan. */
  summary(): ComparisonSummary | null {
    const { plan } = this;
    const coverage = this.coverage();
    if (!plan || !coverage) return null;
    return summarize({
      tensors: inOrderOf(plan, this.tensors),
      planned: plan.pairs.filter((pair) => pair.spectral).length,
      elementwiseOnly: plan.pairs
        .filter((pair) => !pair.spectral)
        .map(({ name, reason }) => ({ name, reason: reason ?? 'spectra were not asked for' })),
      // a document, and in English: templates are for who shows them
      failed: this.failures().map(({ name, error: { code, message } }) => ({ name, error: { code, message } })),
      coverage: coveredShare(coverage),
    });
  }

  /** How much of the base is compared: what was planned, without what failed before anything was known of it. Null before there is a plan. */
  coverage(): Coverage | null {
    const { plan } = this;
    if (!plan || this.failed.size === 0) return plan && plan.coverage;
    const failed = plan.pairs.filter(({ name }) => this.failed.has(name) && !this.tensors.has(name));
    return withoutFailed(plan.coverage, failed);
  }

  /** What is there in words. Null before there is a plan. */
  answer(summary = this.summary()): Answer | null {
    const { plan, tensors } = this;
    return plan && summary && answerTo({ plan, tensors, summary });
  }

  /** offaxis.comparison/1: tensors in the order of the plan. Throws bug before there is a plan. */
  result(parameters: ComparisonParameters): ComparisonResult {
    const { plan, backend } = this;
    const summary = this.summary();
    const answer = this.answer(summary);
    if (!plan || !backend || !summary || !answer) throw new OffaxisError('bug', 'The comparison ended without a plan.');
    return {
      schema: 'offaxis.comparison/1',
      base: plan.base,
      tuned: plan.tuned,
      parameters,
      backend,
      tensors: plan.pairs.flatMap(({ name }) => {
        const tensor = this.tensors.get(name);
        return tensor ? [parameters.profiles ? this.withProfiles(tensor) : tensor] : [];
      }),
      skipped: plan.skipped,
      unpaired: plan.unpaired,
      tunedAdapter: plan.tunedAdapter,
      answer: answerJson(answer),
      summary,
    };
  }

  private failures(): Failure[] {
    const failures = new Map([...this.failed].map(([name, error]) => [name, { name, error }]));
    return this.plan ? inOrderOf(this.plan, failures) : [...failures.values()];
  }

  private withProfiles(tensor: ComparisonTensor): ComparisonTensor {
    const detail = this.details.get(tensor.name);
    if (!detail) return tensor;
    const { rowDensity, columnDensity } = detail;
    return { ...tensor, metrics: { ...tensor.metrics, rowDensity, columnDensity } };
  }
}

/** The figures of a part of a comparison, as `summary` has them of the whole: by the same rules. */
export function summaryOfPart(tensors: readonly ComparisonTensor[]): ComparisonSummary {
  return summarize({
    tensors,
    planned: tensors.filter(hasSpectra).length,
    elementwiseOnly: [],
    failed: [],
    coverage: null,
  });
}

/** The answer to a part of a comparison: of these tensors alone. */
export function answerToPart(plan: ComparisonPlan, tensors: readonly ComparisonTensor[]): Answer {
  const part = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const pairs = plan.pairs.filter(({ name }) => part.has(name));
  return answerTo({ plan: { ...plan, pairs, skipped: [] }, tensors: part, summary: summaryOfPart(tensors) });
}
