/** The steps of a run: which checkpoints they are, and in which order. */
import { basename, join, places } from '../bytes/index.ts';
import { STEP_NAMES, stepName } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { appendAll } from '../protocol/lists.ts';

export { stepName };

export interface Step {
  step: number;
  path: string;
}
/** A run: its base and its steps, ascending. */
export interface Run {
  base: Step;
  /** the first step was taken as the base */
  isFirst: boolean;
  steps: Step[];
}

/** The steps that a folder holds, ascending; none if it holds no such names. Throws bad-parameter if they do not count one thing. */
export async function stepsIn(folder: string): Promise<Step[]> {
  const found = (await places.list(folder)).flatMap((name) => {
    const named = stepName(name);
    return named ? [{ ...named, path: join(folder, name) }] : [];
  });
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  if (kinds.length > 1)
    throw new OffaxisError(
      'bad-parameter',
      say`${folder} holds steps under names of several kinds (${kinds.join(', ')}), which do not count the same thing. Name the steps one by one.`,
    );
  return ordered(found.map(({ step, path }) => ({ step, path })));
}

/**
 * What paths mean: BASE and steps, or steps alone, of which the first then is the base. A step is a path whose name tells its number,
 * "STEP=PATH", or each step of a folder. Throws bad-parameter with what is missing.
 */
export async function runOf(paths: readonly string[]): Promise<Run> {
  const [first = ''] = paths;
  const hasBase = paths.length > 1 && given(first) === null;
  const steps: Step[] = [];
  for (const path of paths.slice(hasBase ? 1 : 0)) {
    const step = given(path);
    if (step) {
      steps.push(step);
      continue;
    }
    const inside = (await places.kind(path)) === 'folder' ? await stepsIn(path) : [];
    if (inside.length === 0)
      throw new OffaxisError(
        'bad-parameter',
        say`${path} tells no step: it is not named ${STEP_NAMES}, and holds none that is. Say which step it is: STEP=${path}`,
      );
    appendAll(steps, inside);
  }
  const [base, ...rest] = hasBase ? [{ step: 0, path: first }, ...ordered(steps)] : ordered(steps);
  if (!base || rest.length === 0)
    throw new OffaxisError('bad-parameter', say('A run is a base and one step, or two steps, at least.'));
  return { base, isFirst: !hasBase, steps: rest };
}

function given(path: string): Step | null {
  const said = /^(\d{1,15})=(.+)$/s.exec(path);
  if (said) return { step: Number(said[1]), path: said[2] ?? '' };
  const named = stepName(basename(path));
  return named && { step: named.step, path };
}

/** Throws bad-parameter if two are the same step. */
function ordered(steps: readonly Step[]): Step[] {
  const sorted = [...steps].sort((a, b) => a.step - b.step);
  for (const [i, { step, path }] of sorted.entries())
    if (sorted[i + 1]?.step === step)
      throw new OffaxisError(
        'bad-parameter',
        say`${path} and ${sorted[i + 1]?.path ?? ''} are both step ${step}. Leave one of them out.`,
      );
  return sorted;
}
