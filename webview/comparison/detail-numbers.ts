/** Every figure of one matrix as a number: both checkpoints beside each other, then the update. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import { wedin } from '../shared/readings.ts';
import { CHECKPOINT_ROWS } from './metrics.ts';
import { t } from '../shared/l10n.ts';

type Row = [name: string, value: string];

function updateRows({ metrics: m }: ComparisonTensor): Row[] {
  const change: Row[] = [
    [t('Unchanged in bf16'), percent(m.unchangedBf16)],
    [t('Unchanged, relative probe'), percent(m.unchangedRelative)],
    [t('Unchanged, absolute probe'), percent(m.unchangedAbsolute)],
    [t('Update density'), percent(m.updateDensity)],
    [t('Relative update'), percent(m.relativeUpdate)],
    [t('Base norm'), num(m.baseNorm)],
    [t('Update norm'), num(m.updateNorm)],
  ];
  if (m.maskRank === undefined) return change;
  return [
    ...change,
    [t('Spectral share'), percent(m.spectralShare ?? null)],
    [t('Diagonal amplification'), times(m.diagonalAmplification ?? null)],
    [t('Update spectral norm'), num(m.updateSpectralNorm ?? null)],
    [t('Update stable rank'), num(m.updateStableRank ?? null)],
    [t('Update top-1 share'), percent(m.updateTop1Share ?? null)],
    [t('Update effective rank'), num(m.updateEffectiveRank ?? null)],
    [t('Update rank ratio'), percent(m.updateRankRatio ?? null)],
    [t('Update outliers'), num(m.updateOutlierCount ?? null)],
    [t('Left angle, max and mean'), `${degrees(m.angleUMax ?? null)}, ${degrees(m.angleUMean ?? null)}`],
    [t('Right angle, max and mean'), `${degrees(m.angleVMax ?? null)}, ${degrees(m.angleVMean ?? null)}`],
    [t('Gap at k'), num(m.gap ?? null)],
    [t('Wedin bound'), wedin(m)],
    [t('Stored zeros left out'), percent(m.zeroShare ?? null)],
    [t('Well defined'), m.illDefined === null || m.illDefined === undefined ? '–' : m.illDefined ? t('no') : t('yes')],
    ['r, k', `${m.maskRank}, ${m.angleRank ?? '–'}`],
  ];
}

export function numbers(tensor: ComparisonTensor): TemplateResult {
  const { base, tuned } = tensor.metrics;
  const rows = CHECKPOINT_ROWS.filter(([id]) => base[id] !== undefined || tuned[id] !== undefined);
  return html`<section class="sect" data-section="numbers">
    <h2>${t('Numbers')}</h2>
    <div class="two">
      ${
        rows.length
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
                  ([id, name]) =>
                    html`<tr>
                      <td>${name}</td>
                      <td class="num">${num(base[id] ?? null)}</td>
                      <td class="num">${num(tuned[id] ?? null)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>`
          : nothing
      }
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">${t('Update')}</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${updateRows(tensor).map(
            ([name, value]) =>
              html`<tr>
                <td>${name}</td>
                <td class="num">${value}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
