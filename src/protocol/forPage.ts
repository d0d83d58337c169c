/**
 * What a file decides the length of, on its way to a page: each list, sentence and name is cut to more than a person reads, and what is
 * left out is counted, so that the page can say so. The command line and the exports have all of it. Pure.
 */
import type { ComparisonPlan } from './engine.ts';
import { cutText } from './format.ts';
import type { Finding } from './health.ts';
import type { ComparisonSummary, Problem, Severity } from './results.ts';
import type { ComparisonToView } from './views.ts';

/** Lines of one list. */
export const MOST_LINES = 2000;
/** Code units of a name. One that is longer is left out where it says which tensor is meant: half of a name means nothing. */
export const MOST_NAME = 2000;
const MOST_SENTENCE = 1000;
/** Names beside a finding: of a set of copies. */
const MOST_RELATED = 100;
const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

export const isShort = (name: string): boolean => name.length <= MOST_NAME;

/** One line of a list, with what stands in it. */
function shortProblem<T extends Problem>({ tensor, ...problem }: T): Omit<T, 'tensor'> & Pick<Problem, 'tensor'> {
  return {
    ...problem,
    message: cutText(problem.message, MOST_SENTENCE),
    ...(problem.file === undefined ? {} : { file: cutText(problem.file, MOST_NAME) }),
    ...(tensor !== undefined && isShort(tensor) ? { tensor } : {}),
  };
}

/** Findings as they come, the worst ones kept. */
export class FindingList {
  private readonly kept: Record<Severity, Finding[]> = { error: [], warning: [], info: [] };
  private count = 0;

  add({ related, ...finding }: Finding): void {
    this.count++;
    const list = this.kept[finding.severity];
    if (list.length >= MOST_LINES) return;
    const others = related?.filter(isShort).slice(0, MOST_RELATED);
    list.push({ ...shortProblem(finding), ...(others ? { related: others } : {}) });
  }

  /** The worst first; of one severity in the order in which they came. */
  get shown(): Finding[] {
    const { error, warning, info } = this.kept;
    return [error, warning, info].flat().slice(0, MOST_LINES);
  }
  get leftOut(): number {
    return Math.max(0, this.count - MOST_LINES);
  }
}

/** The worst first. */
export function problemsForPage(problems: readonly Problem[]): { shown: Problem[]; leftOut: number } {
  const sorted =
    problems.length > MOST_LINES ? [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity]) : problems;
  return {
    shown: sorted.slice(0, MOST_LINES).map(shortProblem),
    leftOut: Math.max(0, problems.length - MOST_LINES),
  };
}

type PageResults = Omit<Extract<ComparisonToView, { type: 'results' }>, 'type'>;

/** A plan as a page has it: `leftOut` counts what its lists were cut by. */
export interface PagePlan extends ComparisonPlan {
  leftOut: { pairs: number; skipped: number; baseOnly: number; tunedOnly: number; problems: number };
}

/** Pairs of one message: a megabyte, about. */
const PAIRS_A_MESSAGE = 5000;

/** A plan as messages: its cells are as many as there are, so they come in portions. */
export function* planMessages(plan: ComparisonPlan | null): Generator<ComparisonToView, void, undefined> {
  if (!plan) return yield { type: 'plan', plan, more: 0 };
  const page = planForPage(plan);
  const { pairs } = page;
  const first = pairs.slice(0, PAIRS_A_MESSAGE);
  yield { type: 'plan', plan: { ...page, pairs: first }, more: pairs.length - first.length };
  for (let at = first.length; at < pairs.length; at += PAIRS_A_MESSAGE)
    yield { type: 'pairs', pairs: pairs.slice(at, at + PAIRS_A_MESSAGE) };
}

/** Results of the pairs that a page has. */
export function resultsForPage(batch: PageResults): PageResults {
  const named = <T extends { name: string }>(list: T[]): T[] =>
    list.every(({ name }) => isShort(name)) ? list : list.filter(({ name }) => isShort(name));
  return { tensors: named(batch.tensors), details: named(batch.details), failed: named(batch.failed) };
}

function planForPage(plan: ComparisonPlan): PagePlan {
  const { skipped, unpaired, coverage } = plan;
  const pairs = plan.pairs.filter(({ name }) => isShort(name));
  const { shown, leftOut } = problemsForPage(plan.problems);
  const names = (list: readonly string[]): string[] =>
    list.slice(0, MOST_LINES).map((name) => cutText(name, MOST_NAME));
  const reasons = <T extends { name: string; reason: string }>(list: readonly T[]): T[] =>
    list
      .slice(0, MOST_LINES)
      .map((one) => ({ ...one, name: cutText(one.name, MOST_NAME), reason: cutText(one.reason, MOST_SENTENCE) }));
  return {
    ...plan,
    pairs,
    skipped: reasons(skipped),
    unpaired: { baseOnly: names(unpaired.baseOnly), tunedOnly: names(unpaired.tunedOnly) },
    coverage: { ...coverage, missing: reasons(coverage.missing) },
    ...(plan.untouched ? { untouched: plan.untouched.filter(({ module }) => isShort(module)) } : {}),
    problems: shown,
    leftOut: {
      pairs: plan.pairs.length - pairs.length,
      skipped: Math.max(0, skipped.length - MOST_LINES),
      baseOnly: Math.max(0, unpaired.baseOnly.length - MOST_LINES),
      tunedOnly: Math.max(0, unpaired.tunedOnly.length - MOST_LINES),
      problems: leftOut,
    },
  };
}

/** Those that hold most of the update's energy, in their order. */
function largest<T extends { updateShare: number | null }>(parts: readonly T[]): T[] {
  if (parts.length <= MOST_LINES) return [...parts];
  const ranked = [...parts].sort((a, b) => (b.updateShare ?? 0) - (a.updateShare ?? 0));
  const kept = new Set(ranked.slice(0, MOST_LINES));
  return parts.filter((part) => kept.has(part));
}

/** The figures whole; of the lists beside them what a page could show. */
export function summaryForPage(summary: ComparisonSummary): ComparisonSummary {
  const short = <T extends { name: string }>(list: readonly T[]): T[] =>
    list.filter(({ name }) => isShort(name)).slice(0, MOST_LINES);
  return {
    ...summary,
    layers: largest(summary.layers),
    modules: largest(summary.modules.filter(({ module }) => isShort(module))),
    failed: short(summary.failed),
    elementwiseOnly: short(summary.elementwiseOnly),
  };
}
