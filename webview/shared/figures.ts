/** Values of the catalog's figures as pages show them, in their unit. */
import type { Unit } from '../../src/metrics/figure.ts';
import { integer, inUnit as numberInUnit } from '../../src/protocol/format.ts';
import { t } from './l10n.ts';

/** A value of a figure, or a mean of such values. */
export function inUnit(unit: Unit, value: number | boolean | null | undefined): string {
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  return unit === 'count' && Number.isInteger(value) ? integer(value as number) : numberInUnit(unit, value);
}
