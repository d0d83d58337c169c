/** A comparison as JSON, schema offaxis.comparison/1: the object that `offaxis compare --json` writes, too. */
import type { ComparisonResult } from '../protocol/results.ts';
import { json } from '../text/show.ts';

/** Indented by two spaces, ends with a line feed. */
export function comparisonJson(result: ComparisonResult): string {
  return `${json(result, 2)}\n`;
}
