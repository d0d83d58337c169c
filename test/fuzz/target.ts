/** What a fuzzer is, and how one is run. */
import { Random } from './random.ts';

/** What the code said of one input. */
export interface Outcome {
  accepted: boolean;
  /** why not, or what was noticed */
  rejections: readonly { code: string; message: string }[];
  /** a broken property that the target itself has seen; null if all hold */
  fault: string | null;
  /** a difference from the reference that is known and has a reason */
  known?: string | undefined;
}
export interface Target {
  readonly name: string;
  /** said beside the figures, as what stood in as the reference */
  readonly note: string;
  make(random: Random): Uint8Array;
  run(input: Uint8Array): Promise<Outcome>;
  close(): Promise<void>;
}
export interface Finding {
  index: number;
  fault: string;
  input: Uint8Array;
}
export interface Tally {
  cases: number;
  accepted: number;
  rejected: Map<string, number>;
  known: Map<string, number>;
  slowestMs: number;
  largestInput: number;
  findings: Finding[];
}

/** One input takes no longer, in time of the processor: what else runs on the machine does not count. */
const SLOW_MS = 2_000;
/** What one case may allocate: so much anyway, and so many times its own size. */
const [FREE_BYTES, BYTES_EACH] = [32 * 2 ** 20, 400];
/** A message names a file, a tensor and the like, each cut; no list and no content. */
const MESSAGE_CHARACTERS = 1_500;
/** A few are enough to work on. */
const MAX_FINDINGS = 10;

/** Runs cases from `first` on until `done` says so. Each is told to `before`, so that a watcher knows in which one a hang is. */
export async function fuzz(
  target: Target,
  {
    seed,
    first = 0,
    done,
    before,
  }: { seed: number; first?: number; done(cases: number): boolean; before?(index: number): void },
): Promise<Tally> {
  const tally: Tally = {
    ...{ cases: 0, accepted: 0, rejected: new Map(), known: new Map(), slowestMs: 0, largestInput: 0, findings: [] },
  };
  for (let index = first; !done(tally.cases) && tally.findings.length < MAX_FINDINGS; index++) {
    before?.(index);
    const input = target.make(new Random(seed, index));
    const allocated = heldBytes();
    const start = process.cpuUsage();
    const { outcome, fault } = await attempt(target, input);
    const { user, system } = process.cpuUsage(start);
    const elapsed = (user + system) / 1000;
    const grown = heldBytes() - allocated;
    tally.cases++;
    tally.slowestMs = Math.max(tally.slowestMs, elapsed);
    tally.largestInput = Math.max(tally.largestInput, input.length);
    if (outcome?.accepted) tally.accepted++;
    else
      for (const code of new Set(outcome?.rejections.map((rejection) => rejection.code))) count(tally.rejected, code);
    if (outcome?.known) count(tally.known, outcome.known);
    const wrong =
      fault ??
      (elapsed > SLOW_MS ? `took ${elapsed.toFixed(0)} ms` : null) ??
      (grown > FREE_BYTES + BYTES_EACH * input.length ? `allocated ${grown} bytes for ${input.length}` : null);
    if (wrong !== null) tally.findings.push({ index, fault: wrong, input });
  }
  return tally;
}

async function attempt(target: Target, input: Uint8Array): Promise<{ outcome: Outcome | null; fault: string | null }> {
  try {
    const outcome = await target.run(input);
    const silent = !outcome.accepted && outcome.rejections.length === 0 ? 'rejected without a word' : null;
    return { outcome, fault: outcome.fault ?? silent ?? wordsFault(outcome.rejections) };
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: null, fault: `crashed: ${told.slice(0, 600)}` };
  }
}
/** Every rejection has a code and one bounded sentence that steers no terminal. */
function wordsFault(rejections: Outcome['rejections']): string | null {
  for (const { code, message } of rejections) {
    if (!/^[a-z0-9-]+$/.test(code)) return `the code ${JSON.stringify(code)} is none`;
    if (message.trim() === '') return `${code} says nothing`;
    if (message.length > MESSAGE_CHARACTERS) return `${code} says ${message.length} characters`;
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    if (/[\u0000-\u001f\u007f-\u009f]/.test(message))
      return `${code} holds control characters: ${JSON.stringify(message)}`;
    if (/\bat .*\.[mc]?[jt]s:\d+/.test(message)) return `${code} holds a stack: ${message}`;
  }
  return null;
}
function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
