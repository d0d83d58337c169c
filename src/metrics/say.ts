/** Names and sentences of the figures, in English. Who shows them translates them: the pages, the host's hovers. */

export interface Text {
  message: string;
  /** what stands for {0}, {1} ...; a string stays as it is in every language */
  args: readonly (Text | string)[];
}

/** Marks a literal for translation (`npm run l10n` collects it). */
export function say(message: string, ...args: (Text | string)[]): Text {
  return { message, args };
}

/** `text` through `translate`, a function like `vscode.l10n.t` that takes its arguments as a list; arguments are translated first. */
export function translated(text: Text, translate: (message: string, args: string[]) => string): string {
  return translate(
    text.message,
    text.args.map((arg) => (typeof arg === 'string' ? arg : translated(arg, translate))),
  );
}
/** The same with a dictionary that knows messages alone, as VS Code's does. */
export const translatedIn = (text: Text, dictionary: (message: string) => string): string =>
  translated(text, (message, args) => filled(dictionary(message), args));

/** `message` with its {0}, {1} ... replaced. */
export function filled(message: string, args: readonly string[]): string {
  return message.replace(/\{(\d+)\}/g, (whole, index: string) => args[Number(index)] ?? whole);
}

/** As it is written in the sources: for the command line and for language models. */
export function english(text: Text): string {
  return translated(text, filled);
}
