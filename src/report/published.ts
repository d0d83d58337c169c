/**
 * Values that others published, to see what order of size a figure has. Never a verdict: another model, method, data and number of steps
 * give another value.
 */
export interface Published {
  /** of what: model and method */
  of: string;
  /** id in the summary of a comparison */
  figure: 'unchangedBf16';
  /** 0 to 1 */
  value: number;
  source: string;
}

export const PUBLISHED: readonly Published[] = [
  { of: 'Qwen3-8B, RLVR', figure: 'unchangedBf16', value: 0.772, source: 'arXiv 2511.08567' },
];
