/** The tabs of the detail, and what stands behind the two that read values. */
import type { TemplateResult } from 'lit';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import type { PictureKind } from '../../../src/protocol/matrix.ts';
import { headsOf, NO_HEADS, type Heads } from '../../shared/heads.ts';
import { html } from '../../shared/html.ts';
import { t } from '../../shared/l10n.ts';
import '../../shared/matrix-picture/picture.ts';
import type { MatrixSource } from '../../shared/matrix-picture/picture.ts';
import type { Row } from '../rows.ts';
import type { Tab } from '../ui.ts';
import type { View } from '../view.ts';
import { fitSlice, planeOf, slicePickers } from './plane.ts';
import './values.ts';

const KINDS: readonly PictureKind[] = ['values', 'magnitude'];
const ORDER: readonly Tab[] = ['statistics', 'values', 'picture'];

export function tabs(view: View): TemplateResult {
  const names: Readonly<Record<Tab, string>> = {
    statistics: t('Statistics'),
    values: t('Values'),
    picture: t('Picture'),
  };
  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    const next = ORDER[(ORDER.indexOf(view.ui.tab) + by + ORDER.length) % ORDER.length] ?? 'statistics';
    const list = event.currentTarget as HTMLElement;
    view.set({ tab: next, beside: false });
    requestAnimationFrame(() => list.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus());
  };
  return html`<div class="tabs" role="tablist" aria-label=${t('Of this tensor')} @keydown=${step}>
    ${ORDER.map(
      (tab) =>
        html`<button
          role="tab"
          id="tab-${tab}"
          data-tab=${tab}
          aria-selected=${String(view.ui.tab === tab)}
          tabindex=${view.ui.tab === tab ? 0 : -1}
          @click=${() => view.set({ tab, beside: false })}
        >
          ${names[tab]}
        </button>`,
    )}
  </div>`;
}

/** Why nothing of a tensor can be shown value by value, or null. */
function absence(tensor: TensorRow, weights: number): string | null {
  if (tensor.missing) return t('{0} is missing. Put it beside the others, or download it again.', tensor.file);
  if (tensor.offset === null) return t('Its place in the file is not valid: see the problems above.');
  if (weights === 0) return t('Empty: one of its sides is 0.');
  if (tensor.dtype.startsWith('F6_'))
    return t('{0} packs four numbers into three bytes, and the format does not say in which order.', tensor.dtype);
  return null;
}
function undrawable(tensor: TensorRow): string | null {
  if (tensor.shape.length < 2) return t('A picture needs rows and columns; the values of this tensor are in one line.');
  if (tensor.dtype.startsWith('C')) return t('{0} is complex: a colour shows one number, not two.', tensor.dtype);
  if (tensor.dtype === 'F4') return t('F4 packs several numbers into a byte; they are not drawn.');
  return null;
}

export function tabPanel(view: View, { tensor, weights }: Row): TemplateResult {
  const { ui } = view;
  const why = absence(tensor, weights) ?? (ui.tab === 'picture' ? undrawable(tensor) : null);
  const slice = fitSlice(tensor, ui.slice);
  const pick = (next: number[]): void => view.set({ slice: next });
  const body =
    why !== null
      ? html`<p class="quiet" data-state="no-values">${why}</p>`
      : ui.tab === 'values'
        ? html`<ox-values .tensor=${tensor} .slice=${slice} .client=${view.matrix} .pick=${pick}></ox-values>`
        : html`<div class="vg-tools">${slicePickers(tensor, slice, pick)}</div>
            <ox-matrix-picture .client=${view.matrix} .source=${sourceOf(view, tensor, slice)}></ox-matrix-picture>`;
  return html`<div role="tabpanel" aria-labelledby="tab-${ui.tab}" data-panel=${ui.tab}>${body}</div>`;
}

function sourceOf(view: View, tensor: TensorRow, slice: number[]): MatrixSource {
  const { name, dtype } = tensor;
  const { rows, columns } = planeOf(tensor);
  const config = view.model.facts?.config;
  const heads =
    config?.attentionHeads != null
      ? headsOf(tensor.module, {
          attention: config.attentionHeads,
          keyValue: config.keyValueHeads ?? config.attentionHeads,
        })
      : NO_HEADS;
  return {
    key: JSON.stringify([name, tensor.offset, tensor.sizeBytes, slice]),
    label: name,
    dtype,
    rows,
    columns,
    kinds: KINDS,
    ask: (kind) => ({ kind: kind === 'magnitude' ? 'magnitude' : 'values', tensor: name, slice }),
    // stored [in, out]: the heads lie along the other side
    heads: tensor.transposed ? turned(heads) : heads,
    // this tab was chosen to see it
    unaskedBytes: Infinity,
    bytes: tensor.sizeBytes,
  };
}
const turned = ({ rows, columns, word }: Heads): Heads => ({ rows: columns, columns: rows, word });
