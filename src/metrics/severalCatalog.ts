/** Every figure of several checkpoints of one base (METRICS D): of two runs, and along one. A figure is a file in figures/ and a line here. */
import { COVERAGE } from './figures/coverage.ts';
import { INCREMENT } from './figures/increment.ts';
import { JACCARD } from './figures/jaccard.ts';
import { LINEARITY } from './figures/linearity.ts';
import { PATH_EFFICIENCY } from './figures/pathEfficiency.ts';
import { RANK_ONE } from './figures/rankOne.ts';
import { SHARED_WEIGHTS } from './figures/sharedWeights.ts';
import { SIGN_AGREEMENT } from './figures/signAgreement.ts';
import { PATH_SIMILARITY, SUBSPACE_SIMILARITY } from './figures/subspaceSimilarity.ts';
import { UPDATE_COSINE } from './figures/updateCosine.ts';
import type { ValuesOf } from './figure.ts';

/** Of two runs. */
export const AGREEMENT_FIGURES = [
  UPDATE_COSINE,
  SIGN_AGREEMENT,
  ...JACCARD,
  ...COVERAGE,
  ...SHARED_WEIGHTS,
  ...SUBSPACE_SIMILARITY,
] as const;
/** Along a run; a series has a value for every step. */
export const PATH_FIGURES = [...INCREMENT, ...PATH_EFFICIENCY, ...RANK_ONE, ...PATH_SIMILARITY, ...LINEARITY] as const;

export type { AgreementSource, PathSource } from './figure.ts';
export type AgreementFigures = ValuesOf<(typeof AGREEMENT_FIGURES)[number]>;
export type PathFigures = ValuesOf<(typeof PATH_FIGURES)[number]>;
