/** Values of the catalog's figures as pages show them, in their unit. */
import type { Unit } from '../../src/metrics/figure.ts';
import { degrees, integer, NONE, num, percent, times } from './format.ts';
import { t } from './l10n.ts';

/** A value of a figure, or a mean of such values. */
export function inUnit(unit: Unit, value: number | boolean | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  switch (unit) {
    case 'share':
      return percent(value);
    case 'factor':
      return times(value);
    case 'degrees':
      return degrees(value);
    case 'count':
      return Number.isInteger(value) ? integer(value) : num(value);
    case 'number':
    case 'truth':
      return num(value);
  }
}
