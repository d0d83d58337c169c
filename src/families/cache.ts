/** What families keep of earlier tokens: the rules behind the estimate of the cache's memory. */
import { everyFamily } from './registry.ts';

const NONE = new Set(everyFamily(({ cache }) => cache?.none));
const WINDOWED = new Set(everyFamily(({ cache }) => cache?.windowed));
const OTHER_STATE = everyFamily(({ cache }) => cache?.otherState);

/** Do models of this type read the whole input at once and keep nothing? */
export function isEncoder(modelType: string | null): boolean {
  return modelType !== null && NONE.has(modelType);
}

/** Has every layer the window that config.json names? Other types mix, in ways that config.json does not say. */
export function isWindowedThroughout(modelType: string | null): boolean {
  return modelType !== null && WINDOWED.has(modelType);
}

/** Why keys and values of every token are not what is kept, if one of these keys of config.json says so; else null. */
export function otherState(keys: readonly string[]): string | null {
  for (const [key, what] of OTHER_STATE) if (keys.some((name) => key.test(name))) return what;
  return null;
}
