/** What a cap on memory had no room for, as one problem. */
import type { Problem } from './results.ts';

/** The first is said, and how many more there are; nothing of none. */
export function beyondMemory(leftOut: readonly { name: string; message: string }[]): Problem[] {
  const [first, ...others] = leftOut;
  if (!first) return [];
  const more = others.length > 0 ? ` So are ${others.length} more.` : '';
  return [{ severity: 'warning', code: 'beyond-memory', message: first.message + more, tensor: first.name }];
}
