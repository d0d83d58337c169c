/** Which tensors a string means. Knows nothing of VS Code. */
import { targetModule } from '../families/lora.ts';
import type { TensorRow } from '../protocol/engine.ts';

export type Match = { kind: 'tensor'; row: TensorRow } | { kind: 'group'; rows: TensorRow[] };

/** Placeholders of format strings and wild cards: "layers.{i}.mlp", "layers.%d.mlp", "layers.*.mlp". */
const PLACEHOLDER = /\{[^{}]*\}|%[ds]|\*/;
/** The parts of a name that a pattern must spell out before it is taken for one. */
const SPELLED = 2;

/** A tensor's name, with or without ".weight"; a pattern over layers; the dotted beginning of names: a module or a layer. */
export function matchName(rows: readonly TensorRow[], text: string): Match | null {
  if (!/[.\w]/.test(text) || text.length < 3) return null;
  const exact = rows.find(({ name }) => name === text) ?? rows.find(({ name }) => name === `${text}.weight`);
  if (exact) return { kind: 'tensor', row: exact };
  if (!text.includes('.')) return null;
  if (PLACEHOLDER.test(text)) return group(byPattern(rows, text));
  return group(rows.filter(({ name }) => name.startsWith(`${text.replace(/\.$/, '')}.`)));
}

/**
 * An entry of `target_modules`: the end of a module's name, as PEFT reads a list; a regular expression over the whole name where it
 * is one string. Only weights of two or more axes are meant.
 */
export function matchModule(rows: readonly TensorRow[], text: string): Match | null {
  if (!text) return null;
  const weights = rows.filter(({ shape }) => shape.length >= 2);
  const moduleName = ({ name }: TensorRow): string => targetModule(name);
  const suffix = weights.filter((row) => moduleName(row) === text || moduleName(row).endsWith(`.${text}`));
  if (suffix.length || !/[.*|([\\]/.test(text)) return group(suffix);
  try {
    const whole = new RegExp(`^(?:${text})$`);
    return group(weights.filter((row) => whole.test(moduleName(row))));
  } catch {
    // Python's syntax knows more than ours; then it is not shown.
    return null;
  }
}

function byPattern(rows: readonly TensorRow[], text: string): TensorRow[] {
  const literal = text.split(new RegExp(PLACEHOLDER.source, 'g'));
  if (literal.join('').split('.').filter(Boolean).length < SPELLED) return [];
  const pattern = literal.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^.]+');
  const whole = new RegExp(`^${pattern}(\\.weight)?$`);
  return rows.filter(({ name }) => whole.test(name));
}

const group = (rows: TensorRow[]): Match | null => (rows.length ? { kind: 'group', rows } : null);
