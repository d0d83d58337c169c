/**
 * The tag of every template of the pages. A page is full of a stranger's words (names, types, metadata, paths, messages that quote
 * them), so every string that is text, or an attribute that is read, is shown as src/text shows it: nothing steers, turns or hides what
 * stands beside it, and nothing is endless. Attributes and properties for the code (`data-`, `.value`, `class`) stay as they are.
 */
import { html as template, type TemplateResult } from 'lit';
import { visible } from '../../src/text/show.ts';

/** Of one text: the longest value of the metadata that reaches a page, and our own sentences, are shorter. */
const MOST = 4000;
const READ_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['title', 'placeholder', 'alt', 'label'],
  ...['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext'],
]);

/** Where a value of a template stands. */
type Place = 'text' | 'read' | 'code';
const places = new WeakMap<TemplateStringsArray, readonly Place[]>();

/** An array for an attribute that is read stands for its lines. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult<1> {
  let known = places.get(strings);
  if (!known) places.set(strings, (known = placesOf(strings)));
  return template(strings, ...values.map((value, i) => shown(value, known[i] ?? 'code')));
}

/** A text that is put on a page without a template. */
export const shownText = (text: string): string => visible(text, MOST);

/** An attribute that is put on an element without a template. */
export const shownAttribute = (name: string, value: string): string =>
  READ_ATTRIBUTES.has(name) ? shownText(value) : value;

function placesOf(strings: readonly string[]): Place[] {
  let before = '';
  return strings.slice(0, -1).map((string) => {
    before += string;
    const tag = /<[^<>]*$/.exec(before)?.[0];
    // stands for the value in what is before the next one
    before += '0';
    if (tag === undefined) return 'text';
    const attribute = /([^\s"'<>=/]+)=(?:"[^"]*|'[^']*|[^\s"'<>]*)$/.exec(tag)?.[1];
    return attribute !== undefined && READ_ATTRIBUTES.has(attribute) ? 'read' : 'code';
  });
}

function shown(value: unknown, place: Place): unknown {
  if (place === 'code') return value;
  if (typeof value === 'string') return shownText(value);
  if (!Array.isArray(value)) return value;
  const list = value.map((one: unknown) => shown(one, place));
  return place === 'read' ? list.join('\n') : list;
}
