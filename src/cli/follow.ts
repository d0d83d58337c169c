/** A comparison as it comes, with a line of progress on the terminal. */
import type { ComparisonEvent } from '../protocol/engine.ts';
import type { Accumulator } from '../results/accumulator.ts';
import { bytes } from '../export/plain.ts';
import { ProgressLine, timeLeft } from './progress.ts';

/** Takes in what a run yields, with a line of progress. */
export async function follow(events: AsyncIterable<ComparisonEvent>, found: Accumulator): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  try {
    for await (const event of events) {
      found.add(event);
      if (event.type === 'plan') sayTravel(event.plan.cost.bytesToTravel);
      if (event.type === 'progress')
        progress.show(`${event.phase}: ${event.done} of ${event.total}${timeLeft(event.secondsLeft)}`);
    }
  } finally {
    progress.clear();
  }
}

/** Before any of it comes: how much a comparison brings from remote addresses. */
function sayTravel(bytesToTravel: number): void {
  if (bytesToTravel > 0) process.stderr.write(`offaxis: up to about ${bytes(bytesToTravel)} will be downloaded\n`);
}
