/** `offaxis mask`: masks of weights as a file (METRICS section E). */
import type { Analysis } from '../analysis/index.ts';
import { writeStandardOutput } from '../files/index.ts';
import { appendAll } from '../protocol/lists.ts';
import { terminal, visible } from '../text/show.ts';
import type { MaskInvocation } from './copyArguments.ts';
import { bytes, count, percent, plural } from '../export/plain.ts';
import { ProgressLine, timeLeft } from './progress.ts';

/** Names that are told of each kind. */
const MOST_NAMED = 4;

export async function runMask(analysis: Analysis, options: MaskInvocation, signal: AbortSignal): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  let [weights, ones, tensors] = [0, 0, 0];
  const unclear: string[] = [];
  const { command: _, backend: _b, threads: _t, memoryMiB: _m, memoryBytes: _b2, cacheBytes: _c, ...request } = options;
  try {
    for await (const event of analysis.mask(request, signal)) {
      if (event.type === 'progress')
        progress.show(`mask: ${percent(event.done / event.total)}${timeLeft(event.secondsLeft)}`);
      else if (event.type === 'tensor') {
        weights += event.weights;
        ones += event.ones;
        tensors++;
        appendAll(unclear, event.illDefined);
      } else if (event.type === 'plan') {
        const left = event.skipped.map(({ name, reason }) => `${visible(name)} (${terminal(reason)})`);
        if (left.length)
          await writeStandardOutput(
            `${left.length} of ${plural(left.length + event.tensors, 'tensor')} left out: ${some(left)}\n`,
          );
      } else {
        progress.clear();
        const lines = [
          `${request.kind}: ${count(ones)} of ${count(weights)} weights, ${percent(ones / weights)}, in ${plural(tensors, 'tensor')}`,
          ...(unclear.length
            ? [
                `${unclear.length} not determined by their spectrum, so that others may choose other entries: ${some(unclear.map((name) => visible(name)))}`,
              ]
            : []),
          `written: ${terminal(event.files.at(-1) ?? '')}, ${bytes(event.sizeBytes)}${event.files.length > 1 ? ` in ${event.files.length - 1} files` : ''}`,
        ];
        await writeStandardOutput(`${lines.join('\n')}\n`);
      }
    }
  } finally {
    progress.clear();
  }
}

function some(list: readonly string[]): string {
  const more = list.length > MOST_NAMED ? ` and ${list.length - MOST_NAMED} more` : '';
  return `${list.slice(0, MOST_NAMED).join(', ')}${more}`;
}
