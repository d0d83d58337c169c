/** What the map does not show, each with its reason: elementwise only, left out, without a partner. Nothing is dropped silently. */
import { nothing, type TemplateResult } from 'lit';
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { MOST_NAME, type PagePlan } from '../../src/protocol/forPage.ts';
import { meanOf } from '../../src/protocol/lists.ts';
import { cutText, integer, percent } from '../shared/format.ts';
import '../shared/windowed.ts';
import { CostlyElement, define } from './view.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';

/** Names of one reason that are written out; the rest is a click away. */
const SHOWN = 3;
/** Reasons that are rows: more of them are no kinds of reason any more. */
const LISTED = 300;
/** Characters of a name or a reason. */
const MAX_TEXT = 300;
const shortName = (name: string): string =>
  cutText(name.replace(/^(model|transformer|gpt_neox)\./, '').replace(/\.weight$/, ''), MAX_TEXT);
const tensors = (n: number): string => plural(n, '{0} tensor', '{0} tensors', integer(n));

function group<T extends { name: string }>(items: readonly T[], reason: (item: T) => string): [string, T[]][] {
  const by = new Map<string, T[]>();
  for (const item of items) {
    const why = reason(item);
    const list = by.get(why);
    if (list) list.push(item);
    else by.set(why, [item]);
  }
  return [...by];
}
function names(list: readonly { name: string }[]): TemplateResult | string {
  if (list.length <= SHOWN) return list.map((t) => shortName(t.name)).join(', ');
  return html`<details>
    <summary>${tensors(list.length)}, ${shortName(list[0]?.name ?? '')} …</summary>
    <ox-long-list
      .items=${list}
      .label=${t('Tensors')}
      .line=${({ name }: { name: string }) => html`<span title=${name}>${cutText(name, MAX_TEXT)}</span>`}
    ></ox-long-list>
  </details>`;
}
/** Of tensors that the page was not told. */
const beyond = (count: number): TemplateResult | typeof nothing =>
  count
    ? html`<p class="small quiet" data-beyond>${t('and {0} more; the export names all', integer(count))}</p>`
    : nothing;
const asItems = (list: readonly string[]): { name: string }[] => list.map((name) => ({ name }));

/** Tables of the pairs without spectra, the skipped and the unpaired tensors. `more`: what the plan's lists were cut by; `unchanged` gives the last column of the first. */
export function leftOutTables(
  plan: ComparisonPlan,
  more: PagePlan['leftOut'],
  unchanged: ((names: readonly string[]) => string) | null,
): TemplateResult {
  const elementwise = plan.pairs.filter((p) => !p.spectral || p.layer === null);
  const { baseOnly, tunedOnly } = plan.unpaired;
  const skipped = plan.skipped.length + more.skipped;
  const unpairedCount = baseOnly.length + more.baseOnly + tunedOnly.length + more.tunedOnly;
  const rest = [
    skipped ? t('{0} left out', integer(skipped)) : t('nothing left out'),
    unpairedCount ? t('{0} unpaired', integer(unpairedCount)) : t('nothing unpaired'),
  ].join(', ');
  const body = (
    rows: readonly [string, { name: string }[]][],
    last: ((list: { name: string }[]) => string) | null,
  ): unknown =>
    html`${rows.slice(0, LISTED).map(
      ([why, list]) =>
        html`<tr>
          <td>${names(list)}</td>
          <td class="quiet">${cutText(why, MAX_TEXT)}</td>
          ${last ? html`<td class="num">${last(list)}</td>` : nothing}
        </tr>`,
    )}${
      rows.length > LISTED
        ? html`<tr data-more>
            <td>${t('and {0} more reasons; the export names all', integer(rows.length - LISTED))}</td>
            <td></td>
            ${last ? html`<td></td>` : nothing}
          </tr>`
        : nothing
    }`;
  const head = (first: string, last: string | null): TemplateResult =>
    html`<thead>
      <tr>
        <th scope="col">${first}</th>
        <th scope="col">${t('Why')}</th>
        ${last ? html`<th scope="col" class="num">${last}</th>` : nothing}
      </tr>
    </thead>`;
  const unpaired: [string, { name: string }[]][] = [];
  if (baseOnly.length) unpaired.push([t('only in the base checkpoint'), asItems(baseOnly)]);
  if (tunedOnly.length) unpaired.push([t('only in the tuned checkpoint'), asItems(tunedOnly)]);
  return html`${
    more.pairs
      ? html`<p class="small" data-unnamed>
          ${plural(
            more.pairs,
            '{0} pair has a name of more than {1} characters: it is compared and exported, and not shown here.',
            '{0} pairs have names of more than {1} characters: they are compared and exported, and not shown here.',
            integer(more.pairs),
            integer(MOST_NAME),
          )}
        </p>`
      : nothing
  }
  ${
    plan.pairs.length
      ? html`<section class="sect" data-section="elementwise">
          <h2>${t('Elementwise only')} <small>${tensors(elementwise.length)}; ${rest}</small></h2>
          ${
            elementwise.length
              ? html`<table class="numbers reasons">
                  ${head(t('Tensors'), unchanged ? t('unchanged, mean') : null)}
                  <tbody>
                    ${body(
                      group(
                        elementwise,
                        (p) => p.reason ?? (p.spectral ? t('outside the blocks; in no mean') : t('no spectrum')),
                      ),
                      unchanged ? (list) => unchanged(list.map((t) => t.name)) : null,
                    )}
                  </tbody>
                </table>`
              : nothing
          }
        </section>`
      : nothing
  }
  ${
    plan.skipped.length
      ? html`<section class="sect" data-section="skipped">
          <h2>${t('Left out')} <small>${tensors(skipped)}</small></h2>
          <table class="numbers reasons">
            ${head(t('Tensors'), null)}
            <tbody>
              ${body(
                group(plan.skipped, (t) => t.reason),
                null,
              )}
            </tbody>
          </table>
          ${beyond(more.skipped)}
        </section>`
      : nothing
  }
  ${
    unpaired.length
      ? html`<section class="sect" data-section="unpaired">
          <h2>${t('Unpaired')} <small>${t('no tensor of that name and shape on the other side')}</small></h2>
          <table class="numbers reasons">
            ${head(t('Tensors'), null)}
            <tbody>
              ${body(unpaired, null)}
            </tbody>
          </table>
          ${beyond(more.baseOnly + more.tunedOnly)}
        </section>`
      : nothing
  }`;
}

class LeftOut extends CostlyElement {
  protected override content(): TemplateResult | typeof nothing {
    const { model } = this.view;
    const plan = model.state?.plan;
    if (!plan) return nothing;
    const unchanged = (list: readonly string[]): string =>
      percent(meanOf(list.map((name) => model.tensors.get(name)?.metrics.unchangedBf16)));
    return leftOutTables(plan, model.leftOut, unchanged);
  }
}
define('ox-left-out', LeftOut);
