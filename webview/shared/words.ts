/** Words for what the engine tells as an id: how grave a problem is, how far a cell of a map is. */
import type { Severity } from '../../src/protocol/results.ts';
import { t } from './l10n.ts';

export function severityWord(severity: Severity): string {
  switch (severity) {
    case 'error':
      return t('error');
    case 'warning':
      return t('warning');
    case 'info':
      return t('info');
  }
}

export function statusWord(status: 'done' | 'pending' | 'failed' | 'absent' | 'untouched' | 'null'): string {
  switch (status) {
    case 'done':
      return t('done');
    case 'pending':
      return t('pending');
    case 'failed':
      return t('failed');
    case 'absent':
      return t('absent');
    case 'untouched':
      return t('untouched');
    case 'null':
      return t('n/a');
  }
}
