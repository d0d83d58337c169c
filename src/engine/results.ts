/** Results of several runs put together, for the host: a resumed comparison is more than its last run knows. */
export { assembleComparison, summaryOf } from '../analysis/result.ts';
