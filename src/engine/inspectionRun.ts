/** Statistics or spectra of named tensors over as many engine processes as it takes. */
import type { InspectionEvent } from '../protocol/engine.ts';
import type { OffaxisError } from '../protocol/errors.ts';
import type { EngineClient } from './client.ts';
import { surviveCrashes, type CrashTolerantWork } from './crashes.ts';

export interface InspectionRequest {
  path: string;
  /** full names, at least one, in file order */
  tensors: string[];
  analysis: 'statistics' | 'spectra';
  /** matrices at once: the engine's threads */
  parallelism: number;
}

/** The engine's events; a tensor on which the engine crashes twice is reported `failed`. Throws as EngineClient.stream does. */
export function inspectionEvents(
  engine: Pick<EngineClient, 'stream'>,
  request: InspectionRequest,
  signal: AbortSignal,
): AsyncGenerator<InspectionEvent, void, undefined> {
  const finished = new Set<string>();
  const unfinished = (): string[] => request.tensors.filter((name) => !finished.has(name));
  const work: CrashTolerantWork<InspectionEvent> = {
    unfinished,
    parallelism: () => request.parallelism,
    async *start(only) {
      const tensors = only === null ? unfinished() : [only];
      if (tensors.length === 0) return;
      const offset = request.tensors.length - unfinished().length;
      const params = {
        path: request.path,
        tensors,
        statistics: request.analysis === 'statistics',
        spectra: request.analysis === 'spectra',
        includeEmbeddings: false,
      };
      for await (const event of engine.stream('inspect', params, signal)) {
        if (event.type === 'statistics') finished.add(event.value.name);
        // One part of a fused tensor says nothing of the others: such a tensor is finished when the stream ends.
        else if (event.type === 'spectrum' && event.value.name === event.value.tensor) finished.add(event.value.tensor);
        else if (event.type === 'failed') finished.add(event.name);
        if (event.type === 'progress' && only !== null) continue;
        yield event.type === 'progress' ? { ...event, done: event.done + offset, total: event.total + offset } : event;
      }
    },
    finish: (name) => void finished.add(name),
    fail(name, { code, message }: OffaxisError) {
      finished.add(name);
      return [{ type: 'failed', name, error: { code, message } }];
    },
  };
  return surviveCrashes(work, signal);
}
