/** Which checkpoints stand beside each other on one page, and what is kept of their results. */
import { basename, dirname } from 'node:path';
import type { ComparisonParameters } from '../../protocol/results.ts';
import type { SeveralRequest } from '../../protocol/several.ts';
import type { ShownRun } from '../../protocol/severalViews.ts';
import type { SeveralResults } from '../../results/several.ts';
import { shortNamesOf } from '../../text/shortNames.ts';
import { visible } from '../../text/show.ts';
import { keyOf, ResultFiles } from '../resultFiles.ts';

export interface SeveralSpec {
  kind: 'runs' | 'steps';
  base: string;
  /** the base's own step; null of runs */
  baseStep: number | null;
  /** in the reader's order; steps ascending. `step`: null of runs */
  runs: { path: string; step: number | null }[];
  parameters: ComparisonParameters;
  /** steps: the folder that is watched for new ones; null if they were named one by one, and of runs */
  folder: string | null;
  /** new steps are computed as soon as they are complete */
  follow: boolean;
}

export const pathsOf = ({ base, runs }: SeveralSpec): string[] => [base, ...runs.map(({ path }) => path)];

export function requestOf({ kind, base, baseStep, runs, parameters }: SeveralSpec): SeveralRequest {
  const steps = kind === 'steps' ? { start: baseStep ?? 0, steps: runs.map(({ step }) => step ?? 0) } : null;
  return { base, tuned: runs.map(({ path }) => path), parameters, steps };
}

export function namesOf({ kind, base, baseStep, runs }: SeveralSpec): { base: string; runs: ShownRun[] } {
  const [baseName = base] = shortNamesOf([base, ...runs.map(({ path }) => path)]);
  const short = shortNamesOf(runs.map(({ path }) => path));
  return {
    base: kind === 'steps' && baseStep !== null && baseStep > 0 ? `step ${baseStep}` : baseName,
    runs: runs.map(({ path, step }, i) => ({ name: step === null ? (short[i] ?? path) : `step ${step}`, path, step })),
  };
}

/** Runs that a title names. */
const MOST_NAMED = 4;
/** "base \u2192 rl, sft, noise", "Steps of run-1", the latter with one folder more each: the first that tells panels apart. */
export function titlesOf(spec: SeveralSpec, stepsOf: (folder: string) => string): string[] {
  const { kind, folder, runs } = spec;
  if (kind === 'steps') {
    const titles: string[] = [];
    const parts: string[] = [];
    for (let at = folder ?? dirname(runs[0]?.path ?? spec.base); at !== dirname(at); at = dirname(at)) {
      parts.unshift(basename(at));
      titles.push(visible(stepsOf(parts.join('/'))));
    }
    return titles;
  }
  const names = namesOf(spec);
  const some = names.runs.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = names.runs.length > MOST_NAMED ? ` + ${names.runs.length - MOST_NAMED}` : '';
  return [visible(`${names.base} \u2192 ${some.join(', ')}${more}`)];
}

export interface StoredSeveral extends SeveralResults {
  spec: SeveralSpec;
  complete: boolean;
  /** stamps of all files when it was computed */
  fingerprint: string;
}
/** Raised with every change of StoredSeveral: older files are passed over. */
const FORMAT = 1;

export class SeveralStore {
  private readonly files: ResultFiles<StoredSeveral>;

  constructor(directory: string) {
    this.files = new ResultFiles(directory, FORMAT);
  }

  /** Replaces what this window saved of the same checkpoints and parameters. */
  save(stored: StoredSeveral): Promise<void> {
    return this.files.save(key(stored.spec), stored);
  }
  /** What was saved last of it, by whichever window; `damaged`: files that were set aside under these paths. */
  async load(spec: SeveralSpec): Promise<{ comparison: StoredSeveral | null; damaged: string[] }> {
    const { found, damaged } = await this.files.load(key(spec));
    return { comparison: found[0] ?? null, damaged };
  }
}
const key = ({ kind, base, baseStep, runs, parameters }: SeveralSpec): string =>
  keyOf(kind, base, baseStep, runs, parameters);
