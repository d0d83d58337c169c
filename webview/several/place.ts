/** What a cell is called. Pure. */
import type { Column } from '../comparison/columns.ts';
import { t } from '../shared/l10n.ts';
import type { SeveralModel } from './model.ts';

export function placeOf({ labels }: SeveralModel, layer: number, { module, expert }: Column): string {
  const label = labels.get(module) ?? module;
  return expert === null ? t('Layer {0}, {1}', layer, label) : t('Layer {0}, {1}, expert {2}', layer, label, expert);
}
