/** The one quiet line about a GPU that is not used: once a machine and reason, never an obstacle. */
import type { GpuReport } from '../protocol/gpu.ts';

/** What vscode.Memento offers of it. */
export interface Told {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = 'offaxis.gpuNotice';

/** Null if the GPU computes, if the CPU was asked for, and if the same was said before. */
export function gpuNotice({ requested, chosen, why }: GpuReport, told: Told): string | null {
  if (requested === 'cpu' || chosen === 'gpu' || told.get(KEY) === why) return null;
  void told.update(KEY, why);
  return `${why} The CPU computes: the figures are the same, large models take longer.`;
}
