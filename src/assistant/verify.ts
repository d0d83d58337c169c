/** verify_checkpoints: are two checkpoints the same weights? */
import { OffaxisError } from '../protocol/errors.ts';
import {
  isUnproven,
  LEFT_OUT_KINDS,
  leftOutKind,
  verifyResult,
  type LeftOutKind,
  type VerifiedTensor,
  type VerifyEvent,
} from '../protocol/verify.ts';
import { sentenceForModel } from '../text/show.ts';
import { admittedFacts, admittedPath } from './admission.ts';
import { fitted } from './budget.ts';
import type { ToolContext } from './engine.ts';
import { ToolInput } from './input.ts';
import { DATA_NOTE, figure, plural, quoted, shape, type } from './text.ts';

const KNOWN = ['a', 'b', 'relativeTolerance', 'absoluteTolerance', 'offset', 'maxTokens'];

/** Throws bad-parameter, bad-file, read-failed and cancelled. */
export async function verifyTwo(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, KNOWN);
  const [a, b] = [await admittedPath(input.required('a'), context), await admittedPath(input.required('b'), context)];
  const request = { a, b, relative: input.amount('relativeTolerance'), absolute: input.amount('absoluteTolerance') };
  const offset = input.whole('offset') ?? 0;
  for (const path of [a, b]) await admittedFacts(path, context);
  const events: VerifyEvent[] = [];
  for await (const event of context.engine.verify(request, context.signal))
    if (event.type !== 'progress') events.push(event);
  if (context.signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
  const result = verifyResult(request, events);
  const { verdict, counts, tensors, leftOut, notes } = result;
  const head = [
    verdict === 'different'
      ? `${quoted(a)} and ${quoted(b)} ${isUnproven(result) ? 'are not shown to' : 'do not'} hold the same weights.`
      : `${quoted(a)} and ${quoted(b)} hold the same weights: ${SAID[verdict]}.`,
    `Of ${plural(tensors.length, 'tensor')} compared: ${counts.bits} equal in every bit, ${counts.values} in every value but stored in another way, ${counts.tolerance} within the tolerance, ${counts.different} different.`,
    ...notes.map((note) => sentenceForModel(note)),
    ...LEFT_OUT_KINDS.flatMap((kind) => {
      const some = leftOut.filter((one) => leftOutKind(one) === kind);
      if (some.length === 0) return [];
      const named = some.slice(0, MOST_NAMED).map(({ name, reason }) => `${quoted(name)} ${sentenceForModel(reason)}`);
      const more = some.length > named.length ? `, and ${some.length - named.length} more` : '';
      return [`${LEFT_OUT[kind]}: ${named.join(', ')}${more}.`];
    }),
    DATA_NOTE,
  ];
  const rows = tensors
    .filter(({ differing }) => differing > 0)
    .slice(offset)
    .map(row);
  return fitted(
    {
      head,
      rowsHead: rows.length ? ['tensor | type and shape | weights that differ | the first | largest difference'] : [],
      rows,
      more: (shown) => `${rows.length - shown} more rows are left out. Ask with offset ${offset + shown} to go on.`,
    },
    context.budget(input.tokens),
  );
}

const MOST_NAMED = 5;
const LEFT_OUT: Readonly<Record<LeftOutKind, string>> = {
  counts: 'Not the same for',
  unread: 'Not read, so it may be the same or not',
  bookkeeping: 'Bookkeeping that is left out',
};
const SAID = {
  bits: 'equal in every bit',
  values: 'equal in every value, though not stored in the same way',
  tolerance: 'equal within the tolerance',
};

function row({ name, shape: sides, dtype, differing, first, largest, sameness }: VerifiedTensor): string {
  const types = dtype.a === dtype.b ? type(dtype.a) : `${type(dtype.a)} against ${type(dtype.b)}`;
  const at = first
    ? `at [${first.index.join(', ')}]: ${number(first.a)} against ${number(first.b)}`
    : 'not told for this type';
  const most = largest === null ? 'not finite' : figure(largest);
  const allowed = sameness === 'tolerance' ? ' (within the tolerance)' : '';
  return `${quoted(name)} | ${types} ${shape(sides)} | ${figure(differing)}${allowed} | ${at} | ${most}`;
}
const number = (x: number | null): string => (x === null ? 'not finite' : String(x));
