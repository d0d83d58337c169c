/** Where the selected tensor stands: layer, module, tensor. Each part goes there in the table. */
import { nothing, type TemplateResult } from 'lit';
import { clock } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { NO_FILTER } from './find/filter.ts';
import { ICON } from './icons.ts';
import type { Row } from './rows.ts';
import type { View } from './view.ts';

export function crumbs(view: View, row: Row): TemplateResult {
  const { layer, module, name } = row.tensor;
  const leaf = name.slice(name.lastIndexOf('.') + 1).slice(0, 100);
  const part = (id: string, text: string, title: string, act: () => void): TemplateResult =>
    html`<li><button class="crumb" data-crumb=${id} title=${title} @click=${act}>${text}</button></li>`;
  return html`<nav class="crumbs small" aria-label=${t('Place in the checkpoint')}>
    <ol>
      ${
        layer === null
          ? part('group', row.group, t('Show “{0}” in the table', row.group), () => showGroup(view, row))
          : part('layer', t('Layer {0}', layer), t('Show this layer in the table'), () => showGroup(view, row))
      }
      ${part('module', module.slice(0, 200), siblingsTitle(view, module), () => showModule(view, module))}
      ${
        leaf && leaf !== module
          ? part('tensor', leaf, t('Show the tensor in the table'), () => showTensor(view, name))
          : nothing
      }
    </ol>
  </nav>`;
}
/** Spoken and seen: what is on the page is older than the file. */
export function ageMark(view: View): TemplateResult | typeof nothing {
  const { disk } = view.model;
  if (!disk) return nothing;
  return html`<span class="age small" data-age title=${t('The file has changed since')}
    >${icon(ICON.history)}${t('as of {0}', clock(disk.readAt))}</span
  >`;
}
function siblingsTitle(view: View, module: string): string {
  const count = view.model.rows.filter(({ tensor }) => tensor.module === module).length;
  return plural(count, 'Show the only tensor of this module', 'Show the {0} tensors of this module in all layers');
}
/** The whole layer, its head first; the keyboard goes along. */
function showGroup(view: View, row: Row): void {
  view.set({
    view: 'tensors',
    beside: true,
    filter: NO_FILTER,
    outliers: false,
    sort: null,
    grouping: 'layer',
    closed: view.ui.closed.filter((group) => group !== row.group),
    group: row.group,
  });
  view.reveal(row.tensor.name, row.group);
}
function showModule(view: View, module: string): void {
  view.set({
    view: 'tensors',
    beside: true,
    filter: { ...NO_FILTER, modules: [module] },
    outliers: false,
    group: null,
    scroll: 0,
  });
  view.focus('list');
}
function showTensor(view: View, name: string): void {
  view.reveal(name);
  view.focus('list');
}
