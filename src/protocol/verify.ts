/** Whether two checkpoints hold the same weights, tensor by tensor. */

/**
 * bits: one type and equal codes. values: every number equal (NaN equals NaN, +0 equals -0), but stored in another way. tolerance: within
 * what was allowed. different: none of these.
 */
export type Sameness = 'bits' | 'values' | 'tolerance' | 'different';

export interface VerifyRequest {
  a: string;
  b: string;
  /** what deltas among them were made on, if it does not lie beside them */
  deltaBase?: string;
  /** a weight passes if abs(a - b) <= absolute + relative * abs(b), as numpy.allclose has it */
  relative: number;
  absolute: number;
}
/** One tensor, or the part of one that both sides have: a matrix of a fused tensor or of a stack. */
export interface VerifiedTensor {
  /** as A has it, with "#q" or "#7" for a part */
  name: string;
  /** as B has it, if that is another one */
  other?: string;
  shape: readonly number[];
  dtype: { a: string; b: string };
  sameness: Sameness;
  /** weights whose numbers differ, whatever is allowed */
  differing: number;
  /** where the first of them lies in `shape`, and its two numbers, null if not finite */
  first: { index: number[]; a: number | null; b: number | null } | null;
  /** of the absolute differences; null if one of them is not finite, or none differs */
  largest: number | null;
}
/** What could not be compared. */
export interface LeftOut {
  name: string;
  reason: string;
  /** the two are not the same for it; false for bookkeeping that only one of them has */
  counts: boolean;
  /** both have it, and the values of one side can't be read: it may be the same or not, and counts as not shown */
  unread?: boolean;
}
export type VerifyEvent =
  | { type: 'tensor'; value: VerifiedTensor }
  | { type: 'left-out'; value: LeftOut }
  /** how names or layouts were made to agree */
  | { type: 'note'; message: string }
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null };

export interface VerifyResult {
  schema: 'offaxis.verify/1';
  a: string;
  b: string;
  relativeTolerance: number;
  absoluteTolerance: number;
  /** of the worst tensor; "different" too if something that counts was left out */
  verdict: Sameness;
  counts: Record<Sameness, number>;
  tensors: VerifiedTensor[];
  leftOut: LeftOut[];
  notes: string[];
}

export const LEFT_OUT_KINDS = ['counts', 'unread', 'bookkeeping'] as const;
export type LeftOutKind = (typeof LEFT_OUT_KINDS)[number];
export const leftOutKind = ({ counts, unread }: LeftOut): LeftOutKind =>
  unread ? 'unread' : counts ? 'counts' : 'bookkeeping';

/** Nothing was found to differ, and something could not be read: neither the same nor different is shown. */
export function isUnproven({ leftOut, counts }: Pick<VerifyResult, 'leftOut' | 'counts'>): boolean {
  const kinds = leftOut.map(leftOutKind);
  return counts.different === 0 && kinds.includes('unread') && !kinds.includes('counts');
}

/** What the events of a run say together. Nothing compared is "different". */
export function verifyResult(request: VerifyRequest, events: Iterable<VerifyEvent>): VerifyResult {
  const counts = { bits: 0, values: 0, tolerance: 0, different: 0 };
  const tensors: VerifiedTensor[] = [];
  const leftOut: LeftOut[] = [];
  const notes: string[] = [];
  for (const event of events) {
    if (event.type === 'tensor') {
      tensors.push(event.value);
      counts[event.value.sameness]++;
    } else if (event.type === 'left-out') leftOut.push(event.value);
    else if (event.type === 'note') notes.push(event.message);
  }
  const fails = counts.different > 0 || leftOut.some((one) => one.counts) || tensors.length === 0;
  const verdict = fails ? 'different' : counts.tolerance ? 'tolerance' : counts.values ? 'values' : 'bits';
  const { a, b, relative: relativeTolerance, absolute: absoluteTolerance } = request;
  return {
    schema: 'offaxis.verify/1',
    ...{ a, b, relativeTolerance, absoluteTolerance, verdict, counts, tensors, leftOut, notes },
  };
}
