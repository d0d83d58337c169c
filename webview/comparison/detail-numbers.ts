/** Every figure of one matrix as a number: both checkpoints beside each other, then the update. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import { wedin } from '../shared/readings.ts';
import { CHECKPOINT_ROWS } from './metrics.ts';

type Row = [name: string, value: string];

function updateRows({ metrics: m }: ComparisonTensor): Row[] {
  const change: Row[] = [
    ['Unchanged in bf16', percent(m.unchangedBf16)],
    ['Unchanged, relative probe', percent(m.unchangedRelative)],
    ['Unchanged, absolute probe', percent(m.unchangedAbsolute)],
    ['Update density', percent(m.updateDensity)],
    ['Relative update', percent(m.relativeUpdate)],
    ['Base norm', num(m.baseNorm)],
    ['Update norm', num(m.updateNorm)],
  ];
  if (m.maskRank === undefined) return change;
  return [
    ...change,
    ['Spectral share', percent(m.spectralShare ?? null)],
    ['Diagonal amplification', times(m.diagonalAmplification ?? null)],
    ['Update spectral norm', num(m.updateSpectralNorm ?? null)],
    ['Update stable rank', num(m.updateStableRank ?? null)],
    ['Update top-1 share', percent(m.updateTop1Share ?? null)],
    ['Update effective rank', num(m.updateEffectiveRank ?? null)],
    ['Update rank ratio', percent(m.updateRankRatio ?? null)],
    ['Update outliers', num(m.updateOutlierCount ?? null)],
    ['Left angle, max and mean', `${degrees(m.angleUMax ?? null)}, ${degrees(m.angleUMean ?? null)}`],
    ['Right angle, max and mean', `${degrees(m.angleVMax ?? null)}, ${degrees(m.angleVMean ?? null)}`],
    ['Gap at k', num(m.gap ?? null)],
    ['Wedin bound', wedin(m)],
    ['Stored zeros left out', percent(m.zeroShare ?? null)],
    ['Well defined', m.illDefined === null || m.illDefined === undefined ? '–' : m.illDefined ? 'no' : 'yes'],
    ['r, k', `${m.maskRank}, ${m.angleRank ?? '–'}`],
  ];
}

export function numbers(tensor: ComparisonTensor): TemplateResult {
  const { base, tuned } = tensor.metrics;
  const rows = CHECKPOINT_ROWS.filter(([id]) => base[id] !== undefined || tuned[id] !== undefined);
  return html`<section class="sect" data-section="numbers">
    <h2>Numbers</h2>
    <div class="two">
      ${
        rows.length
          ? html`<table class="numbers">
              <thead>
                <tr>
                  <th scope="col">Checkpoint</th>
                  <th scope="col" class="num">base</th>
                  <th scope="col" class="num">tuned</th>
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
            <th scope="col">Update</th>
            <th scope="col" class="num"></th>
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
