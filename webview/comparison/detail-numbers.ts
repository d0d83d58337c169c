/** Every figure of one matrix as a number: both checkpoints beside each other, then the update. */
import { nothing, type TemplateResult } from 'lit';
import type { Group, Kind } from '../../src/metrics/figure.ts';
import { GROUPS } from '../../src/metrics/groups.ts';
import type { ComparisonTensor, TwinMetrics } from '../../src/protocol/results.ts';
import { inUnit } from '../shared/figures.ts';
import { times } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { CHECKPOINT_FIGURES, figureText, PAIR_FIGURES, type PairFigure } from './metrics.ts';
import { overNoise } from './over-noise.ts';
import { overNoiseText } from './twin.ts';

/** Of these groups the bullets above show each figure beside its nulls. */
const DRAWN: ReadonlySet<Group> = new Set(['principal', 'low', 'principalNotLow', 'energy']);
const SINGLE: ReadonlySet<Kind> = new Set(['number', 'integer', 'boolean']);
const LISTED = PAIR_FIGURES.filter(({ group, kind }) => !DRAWN.has(group) && SINGLE.has(kind));
const LISTED_GROUPS = [...new Set(LISTED.map(({ group }) => group))];

/** A group of figures that this matrix has; with a twin, those of noise of the same size and the factor over them in columns of their own. */
function rowsOf(group: Group, { metrics: m }: ComparisonTensor): TemplateResult | typeof nothing {
  const figures = LISTED.filter((figure) => figure.group === group && m[figure.id] !== undefined);
  if (!figures.length) return nothing;
  const { twin } = m;
  return html`<thead>
      <tr>
        <th scope="col">${tell(GROUPS[group])}</th>
        ${
          twin
            ? html`<th scope="col" class="num">${t('update')}</th>
                <th scope="col" class="num" title=${t('Noise of the same size')}>${t('noise')}</th>
                <th scope="col" class="num" title=${t('The update over noise of the same size')}>${t('/ noise')}</th>`
            : html`<td></td>`
        }
      </tr>
    </thead>
    <tbody>
      ${figures.map(
        (figure) =>
          html`<tr title=${tell(figure.sentence)}>
            <td>${tell(figure.label)}</td>
            <td class="num">${figureText(figure, m)}</td>
            ${twin ? noiseCells(figure, m[figure.id], twin) : nothing}
          </tr>`,
      )}
    </tbody>`;
}
function noiseCells(figure: PairFigure, value: unknown, twin: TwinMetrics): TemplateResult {
  if (figure.sameForNoise)
    return html`<td></td>
      <td></td>`;
  const noise = twin[figure.id];
  const text = overNoiseText(value, noise);
  return html`<td class="num">${figureText(figure, twin)}</td>
    <td class="num">
      ${text ? html`<span data-twin-mark title=${text}>${times(overNoise(value, noise))}</span>` : nothing}
    </td>`;
}

export function numbers(tensor: ComparisonTensor): TemplateResult {
  const { base, tuned } = tensor.metrics;
  const rows = CHECKPOINT_FIGURES.filter(({ id }) => base[id] !== undefined || tuned[id] !== undefined);
  const ofPair = html`<table class="numbers">
    ${LISTED_GROUPS.map((group) => rowsOf(group, tensor))}
  </table>`;
  const ofSides = rows.length
    ? html`<table class="numbers">
        <thead>
          <tr>
            <th scope="col">${t('Checkpoint')}</th>
            <th scope="col" class="num">${t('base')}</th>
            <th scope="col" class="num">${t('tuned')}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ id, unit, label, sentence }) =>
              html`<tr title=${tell(sentence)}>
                <td>${tell(label)}</td>
                <td class="num">${inUnit(unit, base[id])}</td>
                <td class="num">${inUnit(unit, tuned[id])}</td>
              </tr>`,
          )}
        </tbody>
      </table>`
    : nothing;
  return html`<details class="sect" data-section="numbers">
    <summary>${t('Numbers')}</summary>
    ${ofPair} ${ofSides}
  </details>`;
}
