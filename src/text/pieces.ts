/** Long texts in pieces: a result of half a million tensors is longer than the longest string that V8 makes. Pure. */
import { json } from './show.ts';

/** Of a list at once: an item may be as long as a profile of a whole matrix, some megabytes. */
const ITEMS = 32;

/** What `json(value, indent)` gives, as pieces one behind the other: the lists in the outer two levels of objects item by item. */
export function* jsonPieces(value: unknown, indent = 0): Generator<string, void, undefined> {
  yield* valuePieces(value, indent, 0);
}

function* valuePieces(value: unknown, indent: number, level: number): Generator<string, void, undefined> {
  if (Array.isArray(value) && value.length > 0) yield* listPieces(value, indent, level);
  else if (typeof value === 'object' && value !== null && !Array.isArray(value) && level < 2)
    yield* objectPieces(value, indent, level);
  else yield inset(json(value, indent), indent, level);
}

function* objectPieces(value: object, indent: number, level: number): Generator<string, void, undefined> {
  let separator = '{';
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    yield `${separator}${lineBreak(indent, level + 1)}${json(key)}:${indent ? ' ' : ''}`;
    yield* valuePieces(inner, indent, level + 1);
    separator = ',';
  }
  yield separator === '{' ? '{}' : `${lineBreak(indent, level)}}`;
}

function* listPieces(list: readonly unknown[], indent: number, level: number): Generator<string, void, undefined> {
  for (let at = 0; at < list.length; at += ITEMS) {
    // Without the bracket at the end, and the line break before that.
    const items = json(list.slice(at, at + ITEMS), indent).slice(at === 0 ? 0 : 1, indent ? -2 : -1);
    yield inset(at === 0 ? items : `,${items}`, indent, level);
  }
  yield `${lineBreak(indent, level)}]`;
}

function lineBreak(indent: number, level: number): string {
  return indent ? `\n${' '.repeat(indent * level)}` : '';
}
/** A line break in JSON is never inside a string. */
function inset(text: string, indent: number, level: number): string {
  return indent && level ? text.replaceAll('\n', lineBreak(indent, level)) : text;
}
