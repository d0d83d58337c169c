/** The string under the cursor of a text document. Knows nothing of VS Code. */

export interface StringSpan {
  text: string;
  /** UTF-16 offsets in the line: the text lies in start..end */
  start: number;
  end: number;
}

/** Tensor names and paths are shorter; an index may be one line of megabytes. */
const MOST = 512;
const QUOTES = new Set(['"', "'", '`']);

/**
 * The quoted string that holds `at`, else, if `plain` allows it (YAML), the run of characters that could be a plain scalar. What
 * lies between two strings is taken for one, too: it names no tensor and no file, so it is found out by the look-up.
 */
export function stringAt(line: string, at: number, plain: boolean): StringSpan | null {
  return quotedAt(line, at) ?? (plain ? plainAt(line, at) : null);
}

function quotedAt(line: string, at: number): StringSpan | null {
  let start = at;
  while (start > 0 && at - start < MOST && !isQuote(line, start - 1)) start--;
  if (start === 0 || !isQuote(line, start - 1)) return null;
  const quote = line[start - 1];
  let end = at;
  while (end < line.length && end - at < MOST && !(line[end] === quote && isQuote(line, end))) end++;
  if (line[end] !== quote || end === start) return null;
  return { text: line.slice(start, end), start, end };
}
function isQuote(line: string, index: number): boolean {
  return QUOTES.has(line[index] ?? '') && line[index - 1] !== '\\';
}

function plainAt(line: string, at: number): StringSpan | null {
  const isPart = (index: number): boolean => /[^\s,[\]{}"'#&!|>]/.test(line[index] ?? ' ');
  if (!isPart(at)) return null;
  let start = at;
  let end = at;
  while (start > 0 && at - start < MOST && isPart(start - 1)) start--;
  while (end < line.length && end - at < MOST && isPart(end)) end++;
  // a key's colon is not part of it
  if (line[end - 1] === ':') end--;
  return end > start ? { text: line.slice(start, end), start, end } : null;
}
