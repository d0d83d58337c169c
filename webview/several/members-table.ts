/** The runs, or the steps, as a table of what the whole model did; a row opens its ordinary comparison with the base. */
import { nothing, type TemplateResult } from 'lit';
import { greatest } from '../../src/protocol/lists.ts';
import type { ComparisonSummary } from '../../src/protocol/results.ts';
import { define } from '../comparison/view.ts';
import { degrees, exact, integer, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { s } from '../shared/svg.ts';
import { markOf } from './marks.ts';
import { SeveralElement, stepOf } from './view.ts';

const BAR = 56;

interface Column {
  name: string;
  title: string;
  value: (run: number) => number | null;
  format: (value: number | null) => string;
  hasBar?: true;
}
type Drawn = Column & { most: number };

class MembersTable extends SeveralElement {
  private columns(): Column[] {
    const { model } = this.view;
    const summary = (run: number): ComparisonSummary | undefined => model.result?.comparisons[run];
    const path = model.ofSteps?.model;
    const mean =
      (id: string) =>
      (run: number): number | null =>
        summary(run)?.metrics[id]?.mean ?? null;
    return [
      {
        ...{ name: t('Relative update'), title: t('Of the whole model, over the base’s norm'), format: percent },
        // as the path has it: of the matrices that every step holds
        value: (run) => (path ? (path.relativeUpdate?.[run] ?? null) : (summary(run)?.model.relativeUpdate ?? null)),
        hasBar: true,
      },
      ...(path
        ? [
            {
              ...{
                name: t('Since the step before'),
                title: t('How far the weights moved since then'),
                format: percent,
              },
              value: (run: number) => path.increment?.[run] ?? null,
            },
          ]
        : []),
      {
        ...{ name: t('Changed'), title: t('Share of weights whose stored value differs'), format: percent },
        value: (run) => summary(run)?.updateDensity ?? null,
      },
      {
        ...{ name: t('Rank of the update'), title: t('Mean stable rank of the matrices’ updates') },
        ...{ value: mean('updateStableRank'), format: (value) => num(value, 3) },
      },
      {
        ...{ name: t('Spectrum shift'), title: t('Mean over the matrices; never more than the relative update') },
        ...{ value: mean('nss'), format: percent },
      },
      {
        ...{ name: t('Largest angle'), title: t('Between main directions of the base and of the tuned checkpoint') },
        value: (run) => summary(run)?.metrics['angleUMax']?.max ?? null,
        format: degrees,
      },
      ...(path
        ? [
            {
              name: t('Directions of the last step'),
              title: t('Shared with it; chance gives {0}', percent(path.subspaceChance)),
              value: (run: number) => path.subspaceSimilarity[run] ?? null,
              format: percent,
            },
          ]
        : []),
    ];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this.view;
    if (!model.runs.length) return nothing;
    const columns = this.columns().map((column) => ({ ...column, most: this.most(column) }));
    const isSteps = model.kind === 'steps';
    return html`<div class="rankbox members" tabindex="0" role="region" aria-label=${isSteps ? t('Steps') : t('Runs')}>
      <table class="rank">
        <caption class="sr">
          ${isSteps ? t('What each step is from the base') : t('What each run did to the base')}
        </caption>
        <thead>
          <tr>
            <th scope="col">${isSteps ? t('Step') : t('Run')}</th>
            ${columns.map(({ name, title }) => html`<th scope="col" class="num" title=${title}>${name}</th>`)}
            <th scope="col" class="num">${t('Matrices')}</th>
          </tr>
        </thead>
        <tbody>
          ${model.runs.map((_, run) => this.row(run, columns))}
        </tbody>
      </table>
    </div>`;
  }

  /** What the longest bar of a column stands for. */
  private most({ hasBar, value }: Column): number {
    return hasBar
      ? greatest(
          this.view.model.runs.map((_, run) => value(run) ?? 0),
          0,
        )
      : 0;
  }
  private row(run: number, columns: readonly Drawn[]): TemplateResult {
    const { model, post } = this.view;
    const { name = '', path = '' } = model.runs[run] ?? {};
    const isSteps = model.kind === 'steps';
    const isShown = isSteps && run === stepOf(this.view);
    const open = (): void => post({ type: 'openPair', from: null, to: run });
    return html`<tr class=${isShown ? 'sel' : ''} data-member=${run} title=${path} @click=${open}>
      <th scope="row">
        <button
          class="link"
          title=${t('Compare {0} with the base', name)}
          @click=${(event: Event) => {
            // the row would open it once more
            event.stopPropagation();
            open();
          }}
        >
          ${isSteps ? '' : `${markOf(run).glyph} `}${name}
        </button>
      </th>
      ${columns.map((column) => this.value(run, column))}
      <td class="num">${t('{0} of {1}', integer(model.doneOf(run)), integer(model.heldBy(run)))}</td>
    </tr>`;
  }
  private value(run: number, { value, format, hasBar, most }: Drawn): TemplateResult {
    const found = value(run);
    const width = found === null || !(most > 0) ? 0 : Math.max(1, (BAR * found) / most);
    return html`<td class="num" title=${exact(found)}>
      ${
        hasBar
          ? html`<span class="cellbar"
              >${s(
                'svg',
                { width: BAR, height: 12, 'aria-hidden': 'true' },
                s('rect', { class: 'f-bar', x: 0, y: 2, width, height: 8 }),
              )}<span>${format(found)}</span></span
            >`
          : format(found)
      }
    </td>`;
  }
}
define('ox-members', MembersTable);
