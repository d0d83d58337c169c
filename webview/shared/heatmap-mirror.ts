/** The selected cell of a heatmap for screen readers: a canvas has no children, so a grid cell off the screen says what is selected. */
import type { Cell } from './heatmap-geometry.ts';
import { shownText } from './html.ts';
import { t } from './l10n.ts';

export class CellMirror {
  private readonly row = document.createElement('div');
  private readonly cell = document.createElement('div');
  readonly id = `heatmap-cell-${Math.random().toString(36).slice(2)}`;

  /** `grid`: the element with the role "grid". */
  constructor(private readonly grid: HTMLElement) {
    this.row.className = 'sr';
    this.row.setAttribute('role', 'row');
    this.cell.setAttribute('role', 'gridcell');
    this.cell.id = this.id;
    this.row.append(this.cell);
  }
  append(): void {
    this.grid.append(this.row);
  }
  /** `values`: what each panel says of it; null: nothing is selected. */
  show(selected: (Cell & { row: number; column: number; values: readonly string[] }) | null): void {
    if (!selected) {
      this.grid.removeAttribute('aria-activedescendant');
      this.cell.textContent = '';
      return;
    }
    const { layer, module, row, column, values } = selected;
    this.grid.setAttribute('aria-activedescendant', this.id);
    this.row.setAttribute('aria-rowindex', String(row + 1));
    this.cell.setAttribute('aria-colindex', String(column + 1));
    this.cell.setAttribute('aria-selected', 'true');
    this.cell.textContent = shownText([t('Layer {0}, {1}', layer, module), ...values].join('; '));
  }
}
