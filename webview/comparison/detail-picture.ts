/** The picture of what changed in one matrix: the update itself, and which weights it reached. */
import { nothing, type TemplateResult } from 'lit';
import type { PictureKind } from '../../src/protocol/matrix.ts';
import { headsOf } from '../shared/heads.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/matrix-picture/picture.ts';
import type { Pair } from './model.ts';
import type { View } from './view.ts';

const KINDS: readonly PictureKind[] = ['update', 'changed'];
/** Both sides together, about a tenth of a second from a quick disk; larger pairs are drawn on request. */
const UNASKED_BYTES = 32e6;
/** CSS pixels, so that the figures beside it are in view. */
const MOST_HEIGHT = 150;
const BYTES: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

export function pictureSection(view: View, pair: Pair): TemplateResult | typeof nothing {
  const [rows, columns] = pair.shape;
  if (pair.shape.length !== 2 || !rows || !columns) return nothing;
  const { base, tuned } = view.model.state ?? { base: '', tuned: '' };
  const source = {
    key: JSON.stringify([base, tuned, pair.name]),
    label: pair.name,
    dtype: pair.dtype.base,
    rows,
    columns,
    kinds: KINDS,
    ask: (kind: PictureKind) => ({ kind: kind === 'changed' ? kind : ('update' as const), pair: pair.name }),
    heads: headsOf(pair.module, view.model.state?.plan?.heads ?? null),
    bytes: rows * columns * ((BYTES[pair.dtype.base] ?? 1) + (BYTES[pair.dtype.tuned] ?? 1)),
    unaskedBytes: UNASKED_BYTES,
    mostHeight: MOST_HEIGHT,
  };
  return html`<section class="sect" data-section="picture">
    <h3 class="plot-title">${t('Picture of the update')}</h3>
    <ox-matrix-picture .client=${view.matrix} .source=${source}></ox-matrix-picture>
  </section>`;
}
