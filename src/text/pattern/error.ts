/** What is wrong with a pattern, as a code with its arguments: a page says it in the reader's language, everything else in English. */
const MESSAGES = {
  'too-long': 'The pattern is longer than {0} characters.',
  'repeats-too-much': 'The pattern repeats too much.',
  'takes-too-long': 'The pattern takes too long on these names.',
  'closes-nothing': '")" without a "(" before it.',
  'repeats-nothing': 'A quantifier needs something to repeat.',
  'two-quantifiers': 'Two quantifiers stand one after the other.',
  'counts-down': '{0} counts down.',
  'repeats-more': '{0} repeats more than {1} times.',
  'nothing-to-repeat': '"{0}" has nothing to repeat.',
  'look-around': 'Look-around is not supported.',
  'group-kind': '"(?" is not followed by ":".',
  'open-group': 'A "(" is not closed.',
  'escape-at-end': '"\\" stands at the end.',
  backreference: 'Backreferences are not supported.',
  'unknown-escape': '"{0}" is not known.',
  'open-set': 'A "[" is not closed.',
  'negated-in-set': '\\D, \\W and \\S are not supported inside "[ ]".',
  'range-backwards': 'A range inside "[ ]" runs backwards.',
} as const;
export type PatternProblem = keyof typeof MESSAGES;

export class PatternError extends Error {
  readonly args: readonly (string | number)[];

  constructor(
    readonly code: PatternProblem,
    ...args: (string | number)[]
  ) {
    super(MESSAGES[code].replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)] ?? '')));
    this.args = args;
  }
}
