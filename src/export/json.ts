/** A comparison as JSON, schema offaxis.comparison/1: the object that `offaxis compare --json` writes, too. */
import type { ComparisonResult } from '../protocol/results.ts';
import { jsonPieces } from '../text/pieces.ts';

/** In pieces: indented by two spaces, ends with a line feed. */
export function* comparisonJson(result: ComparisonResult): Generator<string, void, undefined> {
  yield* jsonPieces(result, 2);
  yield '\n';
}
