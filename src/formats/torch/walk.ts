/** The tensors in what a pickle holds, by name: a state dict, or one inside other dicts, beside the state of an optimizer. */
import { isDict, itemsOf, type PyValue } from '../pickle/values.ts';
import { tensorOf, type Found } from './tensor.ts';

export interface Named {
  name: string;
  found: Found;
  /** of an optimizer, a scheduler */
  isState: boolean;
}
export interface Walked {
  tensors: Named[];
  /** what is said beside the tensors: numbers and texts */
  notes: Map<string, string>;
  /** something lies deeper than is looked */
  tooDeep: boolean;
}

/** Keys under which trainers put a state dict: their names are no part of the tensors' names. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module'];
/** Keys of states that are no weights. */
const STATES =
  /^(optim(izer)?(s|_states?|_state_dict)?|(lr_)?schedulers?|(lr_|opt_param_)?scheduler_state(_dict)?|optimizer_state_dict|grad_scaler|scaler|rng(_states?)?|loops|callbacks|base_optimizer_state)$/i;
export const isWrapperKey = (key: string): boolean => WRAPPERS.includes(key);
export const isStateKey = (key: string): boolean => STATES.test(key);

const MOST_DEPTH = 32;
const MOST_NOTES = 64;
const MOST_NOTE_CHARACTERS = 256;

/** `rank`: of the process that wrote the file. */
export function walk(root: PyValue, rank: number | null): Walked {
  const walked: Walked = { tensors: [], notes: new Map(), tooDeep: false };
  // One dict may stand at many places, and in a hostile file at exponentially many: each is gone through once.
  const seen = new Set<PyValue>();
  const visit = (value: PyValue, path: string, isState: boolean, depth: number): void => {
    const found = tensorOf(value, rank);
    if (found) {
      walked.tensors.push({ name: path === '' ? 'tensor' : path, found, isState });
      return;
    }
    const items = isDict(value) ? value.entries : (itemsOf(value)?.entries() ?? null);
    if (!items) {
      note(walked, path, value);
      return;
    }
    if (seen.has(value)) return;
    seen.add(value);
    if (depth >= MOST_DEPTH) {
      walked.tooDeep = true;
      return;
    }
    const prefix = path === '' ? '' : `${path}.`;
    for (const [key, one] of items) {
      const name = keyText(key);
      if (name === null) continue;
      visit(one, `${prefix}${name}`, isState || (depth < 3 && STATES.test(name)), depth + 1);
    }
  };
  const { inner, path } = unwrapped(root);
  for (const { value, name } of path) if (isDict(value)) beside(value, name, visit);
  visit(inner, '', false, 0);
  return walked;
}

/** What stands beside the state dict in the dict that wraps it. */
function beside(
  { entries }: Extract<PyValue, { kind: 'dict' }>,
  wrapper: string,
  visit: (value: PyValue, path: string, isState: boolean, depth: number) => void,
): void {
  for (const [key, value] of entries) {
    const name = keyText(key);
    if (name !== null && name !== wrapper) visit(value, name, STATES.test(name), 1);
  }
}

/** Goes into wrappers as long as there are any: the state dict, and the dicts around it. */
function unwrapped(root: PyValue): { inner: PyValue; path: { value: PyValue; name: string }[] } {
  const path: { value: PyValue; name: string }[] = [];
  let inner = root;
  while (isDict(inner) && path.length < 4) {
    const { entries } = inner;
    const name = WRAPPERS.find((key) => isDict(entries.get(key)));
    if (name === undefined) break;
    // A state dict with a module of that name has the dict's keys as one text: a dict as its value is a wrapper.
    path.push({ value: inner, name });
    inner = entries.get(name) as PyValue;
  }
  return { inner, path };
}

function keyText(key: PyValue): string | null {
  return typeof key === 'string' ? key : typeof key === 'number' || typeof key === 'bigint' ? String(key) : null;
}

function note({ notes }: Walked, path: string, value: PyValue): void {
  if (path === '' || notes.size >= MOST_NOTES || path.length > MOST_NOTE_CHARACTERS) return;
  if (typeof value === 'string') {
    if (value.length <= MOST_NOTE_CHARACTERS) notes.set(path, value);
  } else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    notes.set(path, String(value));
}
