/** What an adapter is, and what it does by itself: norms, spectra and energies of its updates, once they are asked for. */
import { nothing, type TemplateResult } from 'lit';
import type { AdapterFacts } from '../../src/protocol/adapter.ts';
import type { AdapterUpdates } from '../../src/protocol/results.ts';
import { adapterName } from '../../src/metrics/adapter.ts';
import { cutText, integer, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';

/** Characters of a name from the file. */
const MAX_NAME = 120;
/** Rows of the table, and singular values in one; the JSON has all. */
const MAX_ROWS = 1000;
const MAX_VALUES = 8;
const MAX_LAYERS = 200;

const cut = (text: string): string => cutText(text, MAX_NAME);

/** "LoRA, r = 8, scale 2" */
export const adapterText = (adapter: AdapterFacts): string => tell(adapterName(adapter, (scale) => num(scale, 4), cut));

/** `updates`: null while they are computed; `busy`: the files on disk are others, nothing is computed. */
export function adapterPanel(adapter: AdapterFacts, updates: AdapterUpdates | null, changed: boolean): TemplateResult {
  const line = (name: string, value: unknown): TemplateResult =>
    html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  const { base, modules, matrices, unmerged } = adapter;
  return html`<div class="adapter" data-adapter>
    <dl class="metadata">
      ${line(t('Changes'), plural(matrices, '{1} in {0} module', '{1} in {0} modules', integer(matrices), modules.slice(0, 20).map(cut).join(', ')))}
      ${line(t('Base'), base === null ? t('not named') : cut(base))}
      ${unmerged ? line(t('Kept'), t('beside the weights of a whole model, not merged into them')) : nothing}
      ${
        updates
          ? figures(updates, line)
          : line(
              t('Update'),
              changed ? t('Not read before the file changed. Reload to read it.') : t('Working it out…'),
            )
      }
    </dl>
    ${updates ? table(updates) : nothing}
  </div>`;
}

function figures(
  { updateNorm, unknown, matrices, layers, modules }: AdapterUpdates,
  line: (name: string, value: unknown) => TemplateResult,
): TemplateResult {
  const reasons = [...new Set(matrices.flatMap((one) => one.reasons))].slice(0, 3).join('; ');
  const shares = (list: readonly (readonly [string, number | null])[]): string =>
    list.map(([name, share]) => t('{0}: {1}', name, percent(share))).join(', ');
  return html`${line(t('Norm of the update'), num(updateNorm, 4))}
  ${
    updateNorm
      ? html`${line(t('Energy by module'), shares(modules.map((one) => [cut(one.module), one.updateShare])))}
        ${line(
          t('Energy by layer'),
          shares(
            layers
              .slice(0, MAX_LAYERS)
              .map((one) => [one.layer === null ? t('outside the layers') : String(one.layer), one.updateShare]),
          ),
        )}`
      : nothing
  }
  ${unknown ? line(t('Not known'), t('{0} of {1} updates: {2}', unknown, matrices.length, cutText(reasons, 400))) : nothing}`;
}

/** Matrix by matrix, of those whose update is known without the base. */
function table({ matrices }: AdapterUpdates): TemplateResult | typeof nothing {
  const known = matrices.filter(({ spectrum }) => spectrum);
  if (known.length === 0) return nothing;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Updates of the adapter')}>
    <table class="updates">
      <thead>
        <tr>
          <th scope="col">${t('Update of')}</th>
          ${[t('Shape'), t('Rank'), t('Norm'), t('Energy'), t('Stable rank'), t('Effective rank'), t('Singular values')].map((head) => html`<th scope="col" class="num">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${known.slice(0, MAX_ROWS).map(({ name, shape, rank, spectrum, updateShare, singularValues = [] }) => {
          const some = singularValues.slice(0, MAX_VALUES).map((value) => num(value, 2));
          return html`<tr data-update=${cut(name)}>
            <th scope="row" class="mono">${cut(name.replace(/\.weight$/, ''))}</th>
            <td class="num">${shape.map((side) => (side === null ? '?' : integer(side))).join(' × ')}</td>
            <td class="num">${rank === null ? num(null) : integer(rank)}</td>
            <td class="num">${num(spectrum?.frobeniusNorm)}</td>
            <td class="num">${percent(updateShare)}</td>
            <td class="num">${num(spectrum?.stableRank)}</td>
            <td class="num">${num(spectrum?.effectiveRank)}</td>
            <td class="num quiet">${some.join('  ')}${singularValues.length > MAX_VALUES ? ' …' : ''}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
