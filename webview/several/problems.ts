/** What is wrong with the files of the checkpoints: one line under the title, which leads to all of it below the table. */
import { nothing, type TemplateResult } from 'lit';
import { problemList } from '../comparison/problem-list.ts';
import { cutText, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import type { View } from './view.ts';

const ICON = { error: 0xea87, warning: 0xea6c } as const;
const ID = 'problems';
const MAX_NOTE = 400;

/** What is worth a look before the figures are read: notes on how the files were paired stand in the list alone. */
export function problemsLine({ model: { plan } }: View): TemplateResult | typeof nothing {
  const graver = (plan?.problems ?? []).filter(({ severity }) => severity !== 'info');
  const [first] = graver;
  if (!plan || !first) return nothing;
  const count = graver.length + plan.moreProblems;
  const severity = graver.some((one) => one.severity === 'error') ? 'error' : 'warning';
  return html`<div class="integrity" role="status">
    <button class="fact is-${severity}" data-fact="problems" data-value=${count} title=${first.message} @click=${show}>
      ${icon(ICON[severity])}<span
        >${
          count === 1
            ? cutText(first.message, MAX_NOTE)
            : plural(count, '{0} finding in the files', '{0} findings in the files', integer(count))
        }</span
      >
    </button>
  </div>`;
}
function show(): void {
  const list = document.getElementById(ID);
  list?.scrollIntoView({ block: 'start' });
  list?.focus();
}

export const allProblems = ({ model: { plan } }: View): TemplateResult | typeof nothing =>
  plan?.problems.length
    ? html`<div id=${ID} class="problems" tabindex="-1" role="group" aria-label=${t('Problems')}>
        ${problemList(plan.problems, plan.moreProblems)}
      </div>`
    : nothing;
