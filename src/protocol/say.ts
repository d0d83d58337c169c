/** Names and sentences in English with what changes in them beside them. Who shows them translates them: the pages, the host. */

export interface Text {
  message: string;
  /** what stands for {0}, {1} ...; a string stays as it is in every language */
  args: readonly (Text | string)[];
}

/**
 * Marks a literal for translation (`npm run l10n` collects it): say('Rank of {0}', text), or say`${path} does not exist.`, whose gaps are
 * its arguments. Inside of a sentence, a string stays English and a Text is translated.
 */
export function say(message: string, ...args: (Text | string)[]): Text;
export function say(message: TemplateStringsArray, ...args: (Text | string | number)[]): Text;
export function say(message: string | TemplateStringsArray, ...args: (Text | string | number)[]): Text {
  return {
    message:
      typeof message === 'string' ? message : message.reduce((sentence, part, gap) => `${sentence}{${gap - 1}}${part}`),
    args: args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)),
  };
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
