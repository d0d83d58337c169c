/** Problems found in a file, each with where it lies and what to do. */
import type { Problem, Severity } from '../protocol/results.ts';

/** A damaged header can be wrong in every entry: as many as a person may want to read are kept of each kind, the rest are counted. */
const MAX_PER_CODE = 20;
/** Names come from the file and may be megabytes long. */
const MAX_QUOTED_CHARACTERS = 160;

export interface ProblemPlace {
  tensor?: string;
  byteOffset?: number;
}

/** Collects the problems of one file. */
export class ProblemList {
  private readonly found: Problem[] = [];
  private readonly counts = new Map<string, { count: number; severity: Severity }>();

  constructor(readonly file: string) {}

  /** `text` says what is wrong, `advice` what to do; file, tensor and byte are put in front. */
  add(severity: Severity, code: string, text: string, advice: string, place: ProblemPlace = {}): void {
    const seen = this.counts.get(code);
    const count = (seen?.count ?? 0) + 1;
    this.counts.set(code, { count, severity });
    if (count > MAX_PER_CODE) return;
    const where = [
      this.file,
      ...(place.tensor === undefined ? [] : [`tensor ${quoted(place.tensor)}`]),
      ...(place.byteOffset === undefined ? [] : [`byte ${place.byteOffset}`]),
    ].join(', ');
    this.found.push({ severity, code, message: `${where}: ${text} ${advice}`.trimEnd(), file: this.file, ...place });
  }

  get hasErrors(): boolean {
    return this.found.some((problem) => problem.severity === 'error');
  }

  /** In the order found; kinds that were cut end with how many more there are. */
  list(): Problem[] {
    const cut = [...this.counts].filter(([, { count }]) => count > MAX_PER_CODE);
    return [
      ...this.found,
      ...cut.map(([code, { count, severity }]) => ({
        severity,
        code,
        message: `${this.file}: ${count - MAX_PER_CODE} more problems of this kind (${code}).`,
        file: this.file,
      })),
    ];
  }
}

/** What JSON leaves as it is, and a terminal, a page or a reader takes for more than a character: DEL and C1, line ends, directions. */
const HIDDEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A name from a file in quotes: characters that steer or hide are escaped, and it is cut to a readable length. */
export function quoted(name: string): string {
  const text = name.length > MAX_QUOTED_CHARACTERS ? `${name.slice(0, MAX_QUOTED_CHARACTERS)}…` : name;
  return JSON.stringify(text).replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
