/** `offaxis verify`: do two checkpoints hold the same weights? */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import { appendAll } from '../protocol/lists.ts';
import {
  isUnproven,
  LEFT_OUT_KINDS,
  leftOutKind,
  verifyResult,
  type LeftOutKind,
  type Sameness,
  type VerifiedTensor,
  type VerifyEvent,
  type VerifyResult,
} from '../protocol/verify.ts';
import { terminal, visible } from '../text/show.ts';
import { bytes, figure, table } from '../export/plain.ts';
import { openOutputs } from './output.ts';
import type { VerifyInvocation } from './copyArguments.ts';
import { ProgressLine, timeLeft } from './progress.ts';

/** Rows and lines of each kind that are shown to people; the JSON has all. */
const MOST_SHOWN = 40;
const SAID: Readonly<Record<Sameness, string>> = {
  bits: 'equal bits',
  values: 'equal values, stored in another way',
  tolerance: 'within the tolerance',
  different: 'different',
};

/** True if the two are the same: in bits, in values, or within the tolerance. */
export async function runVerify(analysis: Analysis, options: VerifyInvocation, signal: AbortSignal): Promise<boolean> {
  const { a, b, relative, absolute, deltaBase } = options;
  const under = deltaBase === undefined ? {} : { deltaBase };
  const outputs = await openOutputs(options, [a, b, ...Object.values(under)], signal);
  const progress = new ProgressLine(process.stderr);
  const events: VerifyEvent[] = [];
  try {
    for await (const event of analysis.verify({ a, b, relative, absolute, ...under }, signal))
      if (event.type === 'progress')
        progress.show(`verify: ${bytes(event.done)} of ${bytes(event.total)}${timeLeft(event.secondsLeft)}`);
      else events.push(event);
  } finally {
    progress.clear();
  }
  const result = verifyResult({ a: resolve(a), b: resolve(b), relative, absolute }, events);
  await outputs.write({ json: () => result, lines: () => report(result) });
  return result.verdict !== 'different';
}

const LEFT_OUT: Readonly<Record<LeftOutKind, string>> = {
  counts: 'not the same for it:',
  unread: 'cannot be read, so not shown to be the same:',
  bookkeeping: 'left out, bookkeeping of one side:',
};

function saidOf(result: VerifyResult): string {
  if (result.verdict !== 'different') return `the same weights: ${SAID[result.verdict]}`;
  if (!isUnproven(result)) return 'not the same weights';
  return `not shown to be the same weights: ${result.tensors.length ? 'nothing that was read differs' : 'nothing could be compared'}`;
}

function report(result: VerifyResult): string[] {
  const { a, b, relativeTolerance, absoluteTolerance, counts, tensors, leftOut, notes } = result;
  const lines = [`A: ${terminal(a)}`, `B: ${terminal(b)}`];
  for (const note of notes) lines.push(`note: ${terminal(note)}`);
  const differing = tensors.filter(({ differing }) => differing > 0);
  const worst = differing.toSorted((x, y) => rank(x) - rank(y)).slice(0, MOST_SHOWN);
  if (worst.length) {
    lines.push('');
    const head = [
      'tensor',
      'shape',
      'types',
      '',
      'weights that differ',
      'first at',
      'A there',
      'B there',
      'largest difference',
    ];
    appendAll(lines, table(head, worst.map(row), 4));
    if (differing.length > worst.length) lines.push(`${differing.length - worst.length} more tensors differ`);
  }
  for (const kind of LEFT_OUT_KINDS) {
    const some = leftOut.filter((one) => leftOutKind(one) === kind);
    if (some.length === 0) continue;
    lines.push('', LEFT_OUT[kind]);
    for (const { name, reason } of some.slice(0, MOST_SHOWN)) lines.push(`  ${visible(name)}: ${terminal(reason)}`);
    if (some.length > MOST_SHOWN) lines.push(`  ${some.length - MOST_SHOWN} more`);
  }
  const allowed =
    relativeTolerance || absoluteTolerance
      ? `; allowed: ${figure(absoluteTolerance, 3)} + ${figure(relativeTolerance, 3)} times the weight of B`
      : '';
  const parts = (Object.keys(SAID) as Sameness[]).flatMap((key) =>
    counts[key] ? [`${counts[key]} ${SAID[key]}`] : [],
  );
  lines.push(
    '',
    `${tensors.length} ${tensors.length === 1 ? 'tensor or part' : 'tensors and parts'} compared: ${parts.join(', ') || 'none'}${allowed}`,
    saidOf(result),
  );
  return lines;
}

/** What is beyond the tolerance first, then what differs most. */
const rank = ({ sameness, largest }: VerifiedTensor): number =>
  (sameness === 'different' ? 0 : 1) - (largest === null ? 1 : largest / (1 + largest));

function row({ name, other, shape, dtype, sameness, differing, first, largest }: VerifiedTensor): string[] {
  return [
    other === undefined ? name : `${name} = ${other}`,
    shape.join(' x ') || 'scalar',
    dtype.a === dtype.b ? dtype.a : `${dtype.a} / ${dtype.b}`,
    SAID[sameness],
    String(differing),
    first ? `[${first.index.join(', ')}]` : '-',
    first ? number(first.a) : '-',
    first ? number(first.b) : '-',
    largest === null ? 'not finite' : figure(largest, 4),
  ];
}
const number = (x: number | null): string => (x === null ? 'not finite' : String(x));
