/** A text that fits into a number of tokens, and says what it had to leave out. */

export interface TokenBudget {
  limit: number;
  count(text: string): Promise<number>;
}

/** What a result takes if nobody says otherwise: a page or two, far from filling a context. */
export const DEFAULT_TOKENS = 4000;
/** Less would not hold the head of a result. */
export const MIN_TOKENS = 300;
export const MAX_TOKENS = 20_000;
/** Tensor names and figures are cut into short tokens: three characters each, on the safe side. */
const CHARACTERS_PER_TOKEN = 3;

/** For a caller whose tokenizer is not known. */
export function estimatedBudget(limit: number): TokenBudget {
  return { limit, count: async (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN) };
}

export interface Listing {
  /** always said, but cut from its end if even it does not fit */
  head: string[];
  /** heading of the rows; absent with them */
  rowsHead: string[];
  rows: string[];
  /** said if rows are left out: how to see them. `shown` rows are in the text */
  more(shown: number): string;
}

/** As many rows as fit, and how to see the rest. */
export async function fitted({ head, rowsHead, rows, more }: Listing, budget: TokenBudget): Promise<string> {
  const text = (shown: number): string =>
    [
      ...head,
      ...(shown > 0 ? ['', ...rowsHead, ...rows.slice(0, shown)] : []),
      ...(shown < rows.length ? ['', more(shown)] : []),
    ].join('\n');
  const fits = async (candidate: string): Promise<boolean> => (await budget.count(candidate)) <= budget.limit;
  const whole = text(rows.length);
  if (await fits(whole)) return whole;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await fits(text(middle))) low = middle;
    else high = middle - 1;
  }
  if (rows.length > 0 && (await fits(text(Math.max(0, low))))) return text(Math.max(0, low));
  const lines = [...head];
  const cut = 'The rest is left out: ask with a larger maxTokens, or for fewer tensors.';
  while (lines.length > 1 && !(await fits([...lines, cut].join('\n')))) lines.pop();
  const said = [...lines, cut].join('\n');
  if (await fits(said)) return said;
  // One line that is longer than all that may be said: its beginning.
  let [line = ''] = lines;
  while (line.length > 1 && !(await fits(`${line}…\n${cut}`))) line = line.slice(0, Math.floor(line.length * 0.8));
  return `${line}…\n${cut}`;
}
