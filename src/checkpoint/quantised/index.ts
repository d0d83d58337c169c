/** Quantised weights: a table of layouts, and the values that codes and scales make. */
export { quantisationConfig } from './config.ts';
export type { Claim, Decoder, Layout } from './layout.ts';
export { isNote, LAYOUTS, quantisationText, recognise } from './registry.ts';
