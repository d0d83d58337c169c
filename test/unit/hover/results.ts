/** Real results of the sample family, as an inspector and a comparison hold them. */
import { resolve } from 'node:path';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type { CheckpointFacts, TensorSpectrum, TensorStatistics } from '../../../src/protocol/engine.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';

async function withAnalysis<T>(body: (analysis: Analysis, signal: AbortSignal) => Promise<T>): Promise<T> {
  const analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
  try {
    return await body(analysis, new AbortController().signal);
  } finally {
    await analysis.dispose();
  }
}

export function inspectCheckpoint(
  path: string,
  tensors: string[],
): Promise<{
  facts: CheckpointFacts;
  statistics: Map<string, TensorStatistics>;
  spectra: Map<string, TensorSpectrum>;
}> {
  return withAnalysis(async (analysis, signal) => {
    const facts = await analysis.open({ path }, signal);
    const statistics = new Map<string, TensorStatistics>();
    const spectra = new Map<string, TensorSpectrum>();
    const request = { path, tensors, statistics: true, spectra: true, includeEmbeddings: false };
    for await (const event of analysis.inspect(request, signal)) {
      if (event.type === 'statistics') statistics.set(event.value.name, event.value);
      if (event.type === 'spectrum') spectra.set(event.value.name, event.value);
    }
    return { facts, statistics, spectra };
  });
}

export function compareCheckpoints(
  base: string,
  tuned: string,
  glob: string,
): Promise<Pick<Accumulator, 'plan' | 'tensors' | 'details'>> {
  return withAnalysis(async (analysis, signal) => {
    const found = new Accumulator();
    const request = { runId: 'hover', base, tuned, parameters: { ...DEFAULT_PARAMETERS, tensors: glob } };
    for await (const event of analysis.compare(request, signal)) found.add(event);
    return found;
  });
}
