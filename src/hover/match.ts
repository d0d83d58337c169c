/** Which tensors a string means. Knows nothing of VS Code. */
import { targetModule } from '../families/lora.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { Matcher } from '../text/pattern/automaton.ts';
import { PatternError } from '../text/pattern/error.ts';
import { regexAutomaton } from '../text/pattern/regex.ts';

export type Match = { kind: 'tensor'; row: TensorRow } | { kind: 'group'; rows: TensorRow[] };

/** Placeholders of format strings and wild cards: "layers.{i}.mlp", "layers.%d.mlp", "layers.*.mlp". */
const PLACEHOLDER = /\{[^{}]*\}|%[ds]|\*/;
const PLACEHOLDERS = /\{[^{}]*\}|%[ds]|\*/g;
/** Of a pattern in a file: those for models with several towers take a few hundred characters. */
const MAX_PATTERN = 2000;
/** Steps of matching for one hover, a fraction of a second: patterns and names come from files that nobody may have looked at. */
const MAX_WORK = 5_000_000;
/** The parts of a name that a pattern must spell out before it is taken for one. */
const SPELLED = 2;

/** A tensor's name, with or without ".weight", a quantised one by that of the weight, too; a pattern over layers; the dotted beginning of names: a module or a layer. */
export function matchName(rows: readonly TensorRow[], text: string): Match | null {
  if (!/[.\w]/.test(text) || text.length < 3) return null;
  const exact =
    rows.find(({ name }) => name === text) ??
    rows.find(({ name, quantised }) => quantised?.weight === text || name === `${text}.weight`) ??
    rows.find(({ quantised }) => quantised?.weight === `${text}.weight`);
  if (exact) return { kind: 'tensor', row: exact };
  if (!text.includes('.')) return null;
  if (PLACEHOLDER.test(text)) return group(byPattern(rows, text));
  return group(rows.filter(({ name }) => name.startsWith(`${text.replace(/\.$/, '')}.`)));
}

/**
 * An entry of `target_modules`: the end of a module's name, as PEFT reads a list; a regular expression over the whole name if it
 * is one string. Only weights of two or more axes are meant.
 */
export function matchModule(rows: readonly TensorRow[], text: string): Match | null {
  if (!text) return null;
  const weights = rows.filter(({ shape }) => shape.length >= 2);
  const moduleName = ({ name, quantised }: TensorRow): string => targetModule(quantised?.weight ?? name);
  const suffix = weights.filter((row) => moduleName(row) === text || moduleName(row).endsWith(`.${text}`));
  if (suffix.length || !/[.*|([\\]/.test(text)) return group(suffix);
  return group(fitting(weights, text, moduleName));
}

/** Rows whose text a pattern fits as a whole; none if it is not one, or takes too long: Python's syntax knows more than ours. */
function fitting(rows: readonly TensorRow[], pattern: string, textOf: (row: TensorRow) => string): TensorRow[] {
  try {
    const automaton = regexAutomaton(pattern, { anyCase: false, whole: true, maxLength: MAX_PATTERN });
    const matcher = new Matcher(automaton, MAX_WORK);
    return rows.filter((row) => matcher.find(textOf(row)));
  } catch (error) {
    if (error instanceof PatternError) return [];
    throw error;
  }
}

function byPattern(rows: readonly TensorRow[], text: string): TensorRow[] {
  const literal = text.split(PLACEHOLDERS);
  if (literal.join('').split('.').filter(Boolean).length < SPELLED) return [];
  const pattern = literal.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^.]+');
  return fitting(rows, `${pattern}(\\.weight)?`, ({ name }) => name);
}

const group = (rows: TensorRow[]): Match | null => (rows.length ? { kind: 'group', rows } : null);
