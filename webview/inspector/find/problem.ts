/** What is wrong with what is typed, in the reader's language. */
import { PatternError } from '../../../src/text/pattern/error.ts';
import { t } from '../../shared/l10n.ts';

/** Of a filter's own small languages: shapes and layers. */
export class FilterError extends Error {}

/** Null for an error of another kind. */
export function problemOf(error: unknown): string | null {
  if (error instanceof FilterError) return error.message;
  if (!(error instanceof PatternError)) return null;
  const [first = '', second = ''] = error.args;
  switch (error.code) {
    case 'too-long':
      return t('The pattern is longer than {0} characters.', first);
    case 'repeats-too-much':
      return t('The pattern repeats too much.');
    case 'takes-too-long':
      return t('The pattern takes too long on these names.');
    case 'closes-nothing':
      return t('")" without a "(" before it.');
    case 'repeats-nothing':
      return t('A quantifier needs something to repeat.');
    case 'two-quantifiers':
      return t('Two quantifiers stand one after the other.');
    case 'counts-down':
      return t('{0} counts down.', first);
    case 'repeats-more':
      return t('{0} repeats more than {1} times.', first, second);
    case 'nothing-to-repeat':
      return t('"{0}" has nothing to repeat.', first);
    case 'look-around':
      return t('Look-around is not supported.');
    case 'group-kind':
      return t('"(?" is not followed by ":".');
    case 'open-group':
      return t('A "(" is not closed.');
    case 'escape-at-end':
      return t('"\\" stands at the end.');
    case 'backreference':
      return t('Backreferences are not supported.');
    case 'unknown-escape':
      return t('"{0}" is not known.', first);
    case 'open-set':
      return t('A "[" is not closed.');
    case 'negated-in-set':
      return t('\\D, \\W and \\S are not supported inside "[ ]".');
    case 'range-backwards':
      return t('A range inside "[ ]" runs backwards.');
  }
}
