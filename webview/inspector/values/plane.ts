/** The plane of a tensor that is on show: its last two axes, at one index on each axis before them. */
import { nothing, type TemplateResult } from 'lit';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { html } from '../../shared/html.ts';
import { t } from '../../shared/l10n.ts';

/** Sides of the plane; a vector is one column, a scalar one value. */
export function planeOf(tensor: TensorRow): { rows: number; columns: number } {
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  return { rows, columns };
}
/** A stored or older slice, fitted to this tensor. */
export function fitSlice(tensor: TensorRow, slice: readonly number[]): number[] {
  return tensor.shape.slice(0, -2).map((side, axis) => Math.max(0, Math.min(side - 1, Math.floor(slice[axis] ?? 0))));
}
/** One number field for each axis before the last two. */
export function slicePickers(
  tensor: TensorRow,
  slice: readonly number[],
  pick: (slice: number[]) => void,
): TemplateResult | typeof nothing {
  const leading = tensor.shape.slice(0, -2);
  if (!leading.length) return nothing;
  return html`${leading.map(
    (side, axis) =>
      html`<label class="row"
        ><span class="quiet small">${t('Axis {0}', axis)}</span
        ><input
          type="number"
          class="vg-slice"
          min="0"
          max=${side - 1}
          data-slice=${axis}
          aria-label=${t('Index on axis {0}, 0 to {1}', axis, side - 1)}
          .value=${String(slice[axis] ?? 0)}
          @change=${(event: Event) => {
            const next = [...slice];
            next[axis] = Number((event.target as HTMLInputElement).value) || 0;
            pick(fitSlice(tensor, next));
          }}
        /><span class="quiet small">${t('of {0}', side)}</span></label
      >`,
  )}`;
}
