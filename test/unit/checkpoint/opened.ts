/** Checkpoints that a test opens, closed after it. */
import { afterEach } from 'vitest';
import { openCheckpoint, type Checkpoint } from '../../../src/checkpoint/index.ts';

export function openedCheckpoints(): (path: string) => Promise<Checkpoint> {
  const opened: Checkpoint[] = [];
  afterEach(async () => {
    for (const checkpoint of opened.splice(0)) await checkpoint.close();
  });
  return async (path) => {
    const checkpoint = await openCheckpoint(path);
    opened.push(checkpoint);
    return checkpoint;
  };
}
