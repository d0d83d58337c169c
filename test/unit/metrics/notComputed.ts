/** Ids of METRICS.md that no code computes yet. It can only become shorter: catalog.test.ts fails if one of them is in the catalog. */
export const NOT_COMPUTED: readonly string[] = [
  // several checkpoints of one base, adapters and intruders
  ...['jaccard', 'coverage', 'updateCosine', 'signAgreement', 'subspaceSimilarity'],
  ...['increment', 'pathEfficiency', 'rank1Variance', 'rank1R2', 'linearity', 'intruders'],
];
