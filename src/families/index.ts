/** Naming families: what tensor names mean, how fused and stacked tensors split, what pages call their columns, what is cached. */
export { LLAMA } from './llama.ts';
export { layoutKey } from './align.ts';
export { isEncoder, isWindowedThroughout, otherState } from './cache.ts';
export {
  columnPlace,
  headSideOf,
  labelInLayer,
  lastOf,
  lastTwoOf,
  partOf,
  shortName,
  stageOf,
  withoutProjection,
} from './columns.ts';
export type { CacheRule, Family, Fusion, Stage } from './family.ts';
export { GPT2, storesInOut } from './gpt2.ts';
export {
  adapterName,
  adapterWriter,
  isAdapterPart,
  pipelineModel,
  sharedPart,
  type AdapterName,
  type AdapterWriter,
} from './adapters.ts';
export { adapterKind, isOfTheInput } from './adapterKinds.ts';
export { startsAtZero, startsUniform, targetModule } from './lora.ts';
export {
  describeName,
  expertOf,
  expertOfMatrix,
  isBias,
  isExpertStack,
  isTokenTable,
  normalizeName,
  type Role,
  type TensorName,
} from './names.ts';
export { ggufNormsFromOne, ggufRowsInPairs } from './llamaCpp.ts';
export { hasRotaryPairs, publishedModule, publishedName, rotaryHead } from './published.ts';
export { isTower } from './vision.ts';
export { endsWithOne, everyFamily, FAMILIES, familyOf } from './registry.ts';
export { expertParts, expertsInOut, fusionOf, isFusedName, rowParts, type RowPart } from './split.ts';
