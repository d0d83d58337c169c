/**
 * Text from a file as each surface shows it: names, types, metadata, paths and messages that quote them are a stranger's. What steers a
 * terminal, turns the direction of writing, breaks a line or cannot be seen is shown as an escape (`\u{202E}`), and a backslash that
 * would read like one is doubled, so that an escape is always one of these. What is too long is cut, and says how much. Pure.
 */

/** Controls (C0, DEL, C1), format characters (bidi, zero width, tags), line and paragraph separators, lone surrogates, blank fillers. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u034f\u115f\u1160\u3164\uffa0\ufffe\uffff]/gu;
const UNSEEN_BUT_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u034f\u115f\u1160\u3164\uffa0\ufffe\uffff]/gu;

/** In UTF-16 code units, of what is shown in a row, a cell or a title. */
export const NAME_LENGTH = 200;
/** Of a sentence, which may quote a few names and paths. */
export const SENTENCE_LENGTH = 1000;
/** What a spreadsheet holds in a cell. */
const CELL_LENGTH = 32_000;

/** Most names, and all of a result's JSON but for the names: told fast, as there are hundreds of megabytes of it. */
const PLAIN_NAME = /^[\x20-\x5b\x5d-\x7e]*$/;
const PLAIN_LINES = /^[\n\x20-\x7e]*$/;

const escape = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`;

/** The first `most` code units, no half of a pair, and how many are left out. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\ud800-\udbff]/.test(text[most - 1] ?? '') ? most - 1 : most;
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

/** All of a text to be seen, however long: for what is our own but for the names in it. */
export const seen = (text: string): string =>
  PLAIN_NAME.test(text) ? text : text.replaceAll('\\u{', '\\\\u{').replace(UNSEEN, escape);

/** On one line, all of it to be seen. The other functions build on this one. */
export function visible(text: string, most = NAME_LENGTH): string {
  return seen(cut(text, most));
}

/** A name, a value or a sentence in a terminal, a log or a notification: one line. */
export const terminal = (text: string, most = SENTENCE_LENGTH): string => visible(text, most);

/** A sentence in a notification of VS Code, which would draw links of Markdown in it. */
export const notification = (text: string): string => visible(text, SENTENCE_LENGTH).replaceAll('](', '] (');

/** A label in a list or the status bar of VS Code, which would draw icons in it. */
export const label = (text: string, most = NAME_LENGTH): string => visible(text, most).replaceAll('$(', '\\$(');

/** A whole report for a terminal, as a last look over what was put together from `terminal`: its line breaks are ours. */
export const terminalReport = (text: string): string =>
  PLAIN_LINES.test(text) ? text : text.replace(UNSEEN_BUT_LINES, escape);

/** Of one entry of the log: a stack is long. */
const LOG_LENGTH = 20_000;

/** An entry of a log. Lines after the first (of a stack, or of a name that holds a break) are indented, so that none passes for an entry. */
export const logLines = (text: string): string => terminalReport(cut(text, LOG_LENGTH)).replaceAll('\n', '\n    ');

/** A value from a file for a language model: in double quotes, which it cannot close. */
export function forModel(text: string, most = NAME_LENGTH): string {
  return `"${cut(text, most).replace(/["\\]/g, '\\$&').replace(UNSEEN, escape)}"`;
}

/** A sentence that quotes files for a language model: one line, in «», which it cannot close. */
export function sentenceForModel(text: string, most = SENTENCE_LENGTH): string {
  return `«${visible(text, most).replace(/[«»]/g, '"')}»`;
}

/** Every character that Markdown, its tables, or VS Code's icon syntax could read as more than itself. */
export function markdown(text: string, most = NAME_LENGTH): string {
  return visible(text, most).replace(/[\\`*_{}[\]()#+\-!|<>~$&.:/@]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * As `markdown`, for a document of which people also read the source: of what Markdown could read as more than itself only what it would
 * in a line of running text, a heading, an item or a cell. Addresses are no links.
 */
export function markdownText(text: string, most = Infinity): string {
  return visible(text, most)
    .replace(/[\\`*_{}[\]<>|~$&@]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/:(?=\/\/)/g, '&#58;')
    .replace(/(?<=www)\./gi, '&#46;')
    .replace(/^[\s#+=-]|#$/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/^(\d+)([.)])(?=\s|$)/, (_, number: string, mark: string) => `${number}&#${mark.charCodeAt(0)};`);
}

/** For text and for attributes in double or single quotes. */
export function html(text: string, most = SENTENCE_LENGTH): string {
  return visible(text, most).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** As `html`, for XML 1.0, which has no way at all to hold most controls. */
export const svg = html;

/**
 * A cell of a table with a separator: a number as it is, a text in quotes if it needs them. A text that a spreadsheet would take for
 * a formula stands behind an apostrophe.
 */
export function cell(value: string | number | boolean | null | undefined, separator: ',' | '\t' = ','): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const guarded = /^\s*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  const text = visible(guarded, CELL_LENGTH);
  return text.includes('"') || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** JSON that means the same, and that a terminal can print: what JSON leaves as it is, is escaped too. */
export function json(value: unknown, indent?: number): string {
  const escaped = (character: string): string =>
    Array.from(character.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  const text = JSON.stringify(value, null, indent);
  return PLAIN_LINES.test(text) ? text : text.replace(UNSEEN_BUT_LINES, escaped);
}
