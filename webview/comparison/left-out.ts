/** What the map does not show, each with its reason: elementwise only, left out, without a partner. Nothing is dropped silently. */
import { nothing, type TemplateResult } from 'lit';
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { meanOf } from '../../src/protocol/lists.ts';
import { cutText, integer, percent } from '../shared/format.ts';
import { define, ViewElement } from './view.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';

/** Names of one reason that are written out; the rest is a click away. */
const SHOWN = 3;
/** A list of 36,000 names would make every update of the page slow. */
const LISTED = 300;
/** Characters of a name or a reason. */
const MAX_TEXT = 300;
const shortName = (name: string): string =>
  cutText(name.replace(/^(model|transformer|gpt_neox)\./, '').replace(/\.weight$/, ''), MAX_TEXT);
const tensors = (n: number): string => plural(n, '{0} tensor', '{0} tensors');

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
    <ul>
      ${list.slice(0, LISTED).map((t) => html`<li>${cutText(t.name, MAX_TEXT)}</li>`)}${
        list.length > LISTED ? html`<li>${t('and {0} more; the export names all', list.length - LISTED)}</li>` : nothing
      }
    </ul>
  </details>`;
}
const asItems = (list: readonly string[]): { name: string }[] => list.map((name) => ({ name }));

/** Tables of the pairs without spectra, the skipped and the unpaired tensors. `mean` gives the last column of the first. */
export function leftOutTables(
  plan: ComparisonPlan,
  unchanged: ((names: readonly string[]) => string) | null,
): TemplateResult {
  const elementwise = plan.pairs.filter((p) => !p.spectral || p.layer === null);
  const { baseOnly, tunedOnly } = plan.unpaired;
  const rest = [
    plan.skipped.length ? t('{0} left out', plan.skipped.length) : t('nothing left out'),
    baseOnly.length + tunedOnly.length ? t('{0} unpaired', baseOnly.length + tunedOnly.length) : t('nothing unpaired'),
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
          <h2>${t('Left out')} <small>${tensors(plan.skipped.length)}</small></h2>
          <table class="numbers reasons">
            ${head(t('Tensors'), null)}
            <tbody>
              ${body(
                group(plan.skipped, (t) => t.reason),
                null,
              )}
            </tbody>
          </table>
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
        </section>`
      : nothing
  }`;
}

class LeftOut extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const { model } = this.view;
    const plan = model.state?.plan;
    if (!plan) return nothing;
    const unchanged = (list: readonly string[]): string =>
      percent(meanOf(list.map((name) => model.tensors.get(name)?.metrics.unchangedBf16)));
    return leftOutTables(plan, unchanged);
  }
}
define('ox-left-out', LeftOut);
