/** What the answer is about: the matrices of the blocks as far as they are compared, with what their names say. */
import { describeName, expertOfMatrix, isBias } from '../families/index.ts';
import { labelsOf, orderModules } from '../families/labels.ts';
import type { AdapterFacts } from '../protocol/adapter.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import type { ComparisonMetrics, ComparisonSummary, ComparisonTensor } from '../protocol/results.ts';
import { visible } from '../text/show.ts';

/** What a comparison has yielded so far. */
export interface Compared {
  plan: Pick<ComparisonPlan, 'pairs' | 'skipped' | 'tunedAdapter'>;
  tensors: ReadonlyMap<string, ComparisonTensor>;
  summary: Pick<ComparisonSummary, 'weights' | 'updateDensity' | 'coverage' | 'model' | 'lineage' | 'failed'>;
}
/** A matrix of a block, with finite weights on both sides. */
export interface Matrix {
  name: string;
  layer: number;
  module: string;
  /** its number in a mixture of experts */
  expert: number | null;
  dtype: ComparisonTensor['dtype'];
  metrics: ComparisonMetrics;
}
export interface Subject extends Compared {
  matrices: readonly Matrix[];
  /** those with an update */
  live: readonly Matrix[];
  /** names of matrices that hold NaN or infinity on a side */
  notFinite: readonly string[];
  /** matrices of the plan, and of those whose spectra are wanted how many have leading triplets at least, or whole spectra, or have failed */
  planned: number;
  spectra: { done: number; whole: number; planned: number };
  /** every pair of the plan is compared or has failed: until then there is nothing to say of the whole */
  isChangeKnown: boolean;
  /** what the tuned side is beside its base; null also of a model that only keeps one unmerged, whose other weights may differ too */
  adapter: AdapterFacts | null;
  /** in the order of the columns */
  modules: readonly string[];
  /** some matrix has leading triplets and no whole spectrum, which did not fail either */
  isLeading: boolean;
  hasExperts: boolean;
  hasTwin: boolean;
  /** "q" of "self_attn.q_proj" */
  label(module: string): string;
}

/** Characters of a module's name in a sentence: a file decides it. */
const LABEL_LENGTH = 40;

export function subjectOf(compared: Compared): Subject {
  const { plan, tensors, summary } = compared;
  // without a reason against it a pair has a spectrum; outside the layers it has one only if that was asked for
  const blocks = plan.pairs.filter(({ layer, reason }) => layer !== null && reason === undefined);
  const failed = new Set(summary.failed.map(({ name }) => name));
  const matrices: Matrix[] = [];
  const notFinite: string[] = [];
  for (const { name, layer, module } of blocks) {
    const tensor = tensors.get(name);
    if (!tensor || layer === null) continue;
    const { metrics, dtype } = tensor;
    if (metrics.updateNorm === null || metrics.baseNorm === null) notFinite.push(name);
    else matrices.push({ name, layer, module, expert: expertOfMatrix(name), dtype, metrics });
  }
  const spectral = blocks.filter((pair) => pair.spectral);
  const have = (figure: 'angleRank' | 'nss'): number =>
    spectral.filter(({ name }) => failed.has(name) || tensors.get(name)?.metrics[figure] !== undefined).length;
  const modules = orderModules([...new Set(blocks.map(({ module }) => module))]);
  const labels = labelsOf(modules);
  return {
    ...compared,
    matrices,
    live: matrices.filter(({ metrics }) => (metrics.updateNorm ?? 0) > 0),
    notFinite,
    planned: blocks.length,
    spectra: { done: have('angleRank'), whole: have('nss'), planned: spectral.length },
    isChangeKnown: plan.pairs.every(({ name }) => tensors.has(name) || failed.has(name)),
    adapter: plan.tunedAdapter?.unmerged === false ? plan.tunedAdapter : null,
    modules,
    isLeading: matrices.some(
      ({ name, metrics }) => metrics.angleRank !== undefined && metrics.nss === undefined && !failed.has(name),
    ),
    hasExperts: matrices.some(({ expert }) => expert !== null),
    hasTwin: matrices.some(({ metrics }) => metrics.twin != null),
    label: (module) => visible(labels.get(module) ?? module, LABEL_LENGTH),
  };
}

/** The layers of the model, of the matrices that an adapter leaves alone too. */
export function untouched({ plan }: Pick<Subject, 'plan'>): { tensors: number; layers: Set<number> } {
  const left = plan.skipped.flatMap(({ name }) => {
    const { role, layer, module } = describeName(name);
    return role === 'block' && layer !== null && !isBias(module) ? [layer] : [];
  });
  return { tensors: left.length, layers: new Set(left) };
}

export const namesOf = (matrices: readonly Matrix[]): string[] => matrices.map(({ name }) => name);
