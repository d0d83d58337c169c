/** Glob over tensor names: `*` is any run of characters (dots too), `?` one character, a comma separates alternatives. */

/** Linear in memory, at worst length x pattern in time: no regular expression, so no pattern can hang it. */
export function matchesGlob(pattern: string, name: string): boolean {
  return pattern.split(',').some((alternative) => matchesOne(alternative.trim(), name));
}

function matchesOne(pattern: string, name: string): boolean {
  let at = 0;
  let from = 0;
  // Where to go on when the text behind the last star does not fit: one character further.
  let star = -1;
  let retry = 0;
  while (from < name.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      retry = from;
    } else if (wanted === '?' || (wanted !== undefined && wanted === name[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++retry;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
