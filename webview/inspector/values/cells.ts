/** The cells of the values' grid: as many as the window has room for, and what each says. */
import type { ValuesBlock } from '../../../src/protocol/matrix.ts';
import { t } from '../../shared/l10n.ts';
import { h } from '../../shared/svg.ts';
import { markWord, readingOf, valueText } from '../../shared/value-text.ts';

/** A head and `rows` rows of `columns` cells each, the row's own head before them; nothing is made anew if they are there. */
export function buildCells(window: HTMLElement, rows: number, columns: number): void {
  if (window.childElementCount === rows + 1 && window.firstElementChild?.childElementCount === columns + 1) return;
  const line = (isHead: boolean): HTMLElement => {
    const corner = h('div', { role: isHead ? 'columnheader' : 'rowheader', class: 'vg-head' });
    if (isHead) corner.append(h('span', { class: 'sr' }, t('Row')));
    const role = isHead ? 'columnheader' : 'gridcell';
    const cells = Array.from({ length: columns }, () => h('div', { role, class: 'vg-cell' }));
    return h('div', { role: 'row', class: isHead ? 'vg-row vg-top' : 'vg-row' }, corner, cells);
  };
  window.replaceChildren(line(true));
  for (let row = 0; row < rows; row++) window.append(line(false));
}

/** The value at `index` of a block, `at` its place in the tensor; null: it is not read yet. */
export function writeCell(
  cell: HTMLElement,
  value: { block: ValuesBlock; index: number; at: readonly number[]; isHex: boolean } | null,
): void {
  if (!value) {
    cell.textContent = '…';
    cell.title = '';
    delete cell.dataset['mark'];
    return;
  }
  const { block, index, at, isHex } = value;
  const { hex, short, mark } = valueText(block, index);
  cell.textContent = isHex ? hex : short;
  cell.title = readingOf(at, block, index);
  if (!mark) {
    delete cell.dataset['mark'];
    return;
  }
  cell.dataset['mark'] = mark;
  const isSubnormal = mark === 'subnormal';
  cell.append(h('span', { class: isSubnormal ? 'vg-mark' : 'sr' }, isSubnormal ? 'sub' : ` ${markWord(mark)}`));
}
