/** Words for what the engine tells as an id: how grave a problem is, how far a cell of a map is. */
import type { Severity } from '../../src/protocol/results.ts';
import type { CellStatus } from './heatmap-geometry.ts';
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

export function statusWord(status: CellStatus | 'null'): string {
  switch (status) {
    case 'done':
      return t('done');
    case 'pending':
      return t('pending');
    case 'failed':
      return t('failed');
    case 'absent':
      return t('missing');
    case 'untouched':
      return t('untouched');
    case 'same':
      return t('unchanged');
    case 'reshaped':
      return t('another shape');
    case 'nan':
      return t('NaN or infinite');
    case 'null':
      return t('n/a');
  }
}
