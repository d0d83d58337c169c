/** Health of a checkpoint: the rules of a scan, and digests. */
export { fileDigest, tensorDigest, valuesDigest } from './digest.ts';
export { LineScan, type DeadLines } from './lines.ts';
export { Locator } from './locate.ts';
export { findingsOf, FP16_OVERFLOW, RULES, type Measured } from './rules.ts';
export { duplicateCandidates, duplicateFinding, scaleFindings, untiedHead } from './siblings.ts';
export { zeroTail } from './tail.ts';
