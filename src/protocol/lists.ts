/** Lists whose length a file decides: no spread into arguments (the stack ends near 120,000), no copy to add one item. */

/** The greatest of `values`, at least `floor`; NaN if one of them is. */
export function greatest(values: Iterable<number>, floor = -Infinity): number {
  let most = floor;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The least of `values`, at most `ceiling`; NaN if one of them is. */
export function least(values: Iterable<number>, ceiling = Infinity): number {
  let found = ceiling;
  for (const value of values) found = Math.min(found, value);
  return found;
}

/** The mean of what is there; null of nothing. */
export function meanOf(values: Iterable<number | null | undefined>): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    sum += value;
    count++;
  }
  return count ? sum / count : null;
}

/** `list.push(...items)` of any length. */
export function appendAll<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

/** Adds an item to the list of its key; a key's first item makes its list. */
export function pushTo<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/** One array behind the other. */
export function concat(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** How many numbers a tensor of this shape holds; 1 of a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
