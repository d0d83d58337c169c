/** What the metadata of a GGUF file say of the model, and of how its tensors were converted. */
import { ggufNormsFromOne, ggufRowsInPairs, hasRotaryPairs, publishedModule } from '../families/index.ts';
import type { ProblemList } from '../formats/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';

export const ARCHITECTURE = 'general.architecture';

/** null if the metadata name no architecture, as those of any other format. */
export function ggufConfig(metadata: ReadonlyMap<string, string> | undefined): ModelConfig | null {
  const architecture = metadata?.get(ARCHITECTURE);
  if (metadata === undefined || architecture === undefined) return null;
  const number = (key: string): number | null => {
    const value = Number(metadata.get(`${architecture}.${key}`) ?? NaN);
    return Number.isSafeInteger(value) && value > 0 ? value : null;
  };
  const hiddenSize = number('embedding_length');
  const layers = number('block_count');
  const common = { modelType: architecture, layers, hiddenSize };
  // Without the order of the rows, heads would divide them wrongly.
  if (ggufRowsInPairs(architecture) === null)
    return { ...common, attentionHeads: null, keyValueHeads: null, headDim: null };
  const attentionHeads = number('attention.head_count');
  const divides = hiddenSize !== null && attentionHeads !== null && hiddenSize % attentionHeads === 0;
  return {
    ...common,
    attentionHeads,
    keyValueHeads: metadata.has(`${architecture}.attention.head_count_kv`)
      ? number('attention.head_count_kv')
      : attentionHeads,
    headDim: number('attention.key_length') ?? (divides ? hiddenSize / attentionHeads : null),
  };
}

/** Says of the rows what the converter did to them: changes `tensors`. */
export function markConverted(
  tensors: ReadonlyMap<string, TensorRow>,
  metadata: ReadonlyMap<string, string> | undefined,
  problems: ProblemList,
): void {
  const architecture = metadata?.get(ARCHITECTURE);
  if (architecture === undefined) return;
  const inPairs = ggufRowsInPairs(architecture);
  let norms = 0;
  for (const row of tensors.values()) {
    // The name of the module says how its rows lie: where they lie as published, it is the published one.
    if (inPairs === false && hasRotaryPairs(row.module)) row.module = publishedModule(row.module);
    if (row.role === 'norm' && ggufNormsFromOne(architecture)) {
      row.role = 'bookkeeping';
      norms++;
    }
  }
  if (norms > 0) {
    const text = `llama.cpp stores the ${norms} norms of ${architecture} as 1 + w: they are shown as they are stored, and left out of comparisons.`;
    problems.add('info', 'gguf-norms', text, '');
  }
}
