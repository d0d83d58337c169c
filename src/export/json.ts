/** A result as JSON, schema offaxis.*: the object that the command line writes with --json, too. */
import type { ComparisonResult } from '../protocol/results.ts';
import type { RunsResult, StepsResult } from '../protocol/several.ts';
import { jsonPieces } from '../text/pieces.ts';

/** In pieces: indented by two spaces, ends with a line feed. */
export function* resultJson(result: ComparisonResult | RunsResult | StepsResult): Generator<string, void, undefined> {
  yield* jsonPieces(result, 2);
  yield '\n';
}
