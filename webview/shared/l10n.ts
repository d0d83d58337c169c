/**
 * The strings of the pages in the reader's language. The host puts the bundle of that language into the page as data; what it does
 * not translate stays English, the key itself. `scripts/l10n.mjs` collects the keys, so every message is written as a literal.
 */
import { integer } from '../../src/protocol/format.ts';
import { sentenceOf, type WireError } from '../../src/protocol/errors.ts';
import { translated, type Text } from '../../src/protocol/say.ts';

type Bundle = Readonly<Record<string, string>>;
export type Argument = string | number;

/** One language: its messages, and which of its plural forms a count takes. */
export class Translation {
  private readonly rules: Intl.PluralRules;

  constructor(
    private readonly bundle: Bundle,
    language: string,
  ) {
    this.rules = new Intl.PluralRules(Intl.PluralRules.supportedLocalesOf([language]).length ? language : 'en');
  }

  t(message: string, ...args: readonly Argument[]): string {
    return this.told(message, args);
  }

  told(message: string, args: readonly Argument[]): string {
    return fill(this.bundle[message] ?? message, args);
  }

  /**
   * A language with more forms than English translates `other` once for each of them, under the key `other#few`, `other#many` and so
   * on. `{0}` is the first argument, the count itself if none is given.
   */
  plural(count: number, one: string, other: string, ...args: readonly Argument[]): string {
    const filling = args.length ? args : [integer(count)];
    const form = this.bundle[`${other}#${this.rules.select(count)}`];
    if (form !== undefined) return fill(form, filling);
    const message = count === 1 ? one : other;
    return fill(this.bundle[message] ?? message, filling);
  }
}

function fill(message: string, args: readonly Argument[]): string {
  return message.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole));
}

function ofPage(): Translation {
  // Unit tests run the pages' models without a page.
  if (typeof document === 'undefined') return new Translation({}, 'en');
  const block = document.getElementById('l10n')?.textContent;
  return new Translation(block ? (JSON.parse(block) as Bundle) : {}, document.documentElement.lang || 'en');
}
const page = ofPage();

/** `message` in the reader's language, with `{0}`, `{1}` ... replaced by the arguments. */
export function t(message: string, ...args: readonly Argument[]): string {
  return page.t(message, ...args);
}

/** A name or a sentence of the catalog in the reader's language. */
export function tell(text: Text): string {
  return translated(text, (message, args) => page.told(message, args));
}

/** What an error of host or engine says, in the reader's language. */
export const tellError = (error: WireError): string => sentenceOf(error, (message) => page.told(message, []));

/** The message for this count: `plural(n, '{0} tensor', '{0} tensors')`. */
export function plural(count: number, one: string, other: string, ...args: readonly Argument[]): string {
  return page.plural(count, one, other, ...args);
}
