/** `offaxis diff` and `offaxis apply`: a tuned checkpoint as what changed of its base, and back. */
import type { Analysis } from '../analysis/index.ts';
import { writeStandardOutput } from '../files/index.ts';
import type { DiffPlan } from '../protocol/patch.ts';
import { terminal, visible } from '../text/show.ts';
import type { ApplyInvocation, DiffInvocation } from './copyArguments.ts';
import { bytes, count, percent, plural } from '../export/plain.ts';
import { ProgressLine, timeLeft } from './progress.ts';

const DOING = { compare: 'compare', hash: 'SHA-256 of the base', write: 'write' };
/** Removed tensors that are named. */
const MOST_NAMED = 10;

export async function runDiff(analysis: Analysis, options: DiffInvocation, signal: AbortSignal): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  try {
    for await (const event of analysis.diff(options, signal)) {
      if (event.type === 'progress') progress.show(told(event));
      else {
        progress.clear();
        const lines = event.type === 'plan' ? planLines(event.plan) : [written([options.destination], event.sizeBytes)];
        await writeStandardOutput(`${lines.join('\n')}\n`);
      }
    }
  } finally {
    progress.clear();
  }
}

export async function runApply(analysis: Analysis, options: ApplyInvocation, signal: AbortSignal): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  try {
    for await (const event of analysis.applyPatch(options, signal)) {
      if (event.type === 'progress') progress.show(told(event));
      else {
        progress.clear();
        const lines =
          event.type === 'plan'
            ? [
                `${plural(event.tensors, 'tensor')}, ${bytes(event.sizeBytes)}; the base is the right one`,
                ...removedLine(event.removed),
              ]
            : [written(event.files, event.sizeBytes)];
        await writeStandardOutput(`${lines.join('\n')}\n`);
      }
    }
  } finally {
    progress.clear();
  }
}

const told = ({ phase, done, total, secondsLeft }: Told): string =>
  `${DOING[phase]}: ${bytes(done)} of ${bytes(total)}${timeLeft(secondsLeft)}`;
interface Told {
  phase: keyof typeof DOING;
  done: number;
  total: number;
  secondsLeft: number | null;
}

function planLines({ patchBytes, tunedBytes, changed, compared, tensors, removed }: DiffPlan): string[] {
  const share = compared ? `, ${percent(changed / compared)} of those compared` : '';
  return [
    `${count(changed)} elements changed${share}`,
    `tensors: ${tensors.unchanged} unchanged, ${tensors.sparse} as positions and values, ${tensors.whole} whole`,
    ...removedLine(removed),
    `the patch will have ${bytes(patchBytes)}, ${percent(patchBytes / Math.max(1, tunedBytes))} of the tuned checkpoint's ${bytes(tunedBytes)}`,
  ];
}

function removedLine(removed: readonly string[]): string[] {
  if (removed.length === 0) return [];
  const more = removed.length > MOST_NAMED ? ` and ${removed.length - MOST_NAMED} more` : '';
  const named = removed.slice(0, MOST_NAMED).map((name) => visible(name));
  return [`only in the base: ${named.join(', ')}${more}`];
}

const written = (files: readonly string[], sizeBytes: number): string =>
  files.length > 1
    ? `written: ${files.length} files, ${bytes(sizeBytes)}, ${terminal(files.at(-1) ?? '')}`
    : `written: ${terminal(files[0] ?? '')}, ${bytes(sizeBytes)}`;
