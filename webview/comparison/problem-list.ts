/** Findings in the files, one by one. */
import { nothing, type TemplateResult } from 'lit';
import type { Problem } from '../../src/protocol/results.ts';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import '../shared/windowed.ts';
import { severityWord } from '../shared/words.ts';

/** Longer lists show one line each, in a window. */
const WRAPPED = 50;

/** `more` were cut on their way here. */
export function problemList(problems: readonly Problem[], more: number): TemplateResult | typeof nothing {
  if (!problems.length) return nothing;
  const all = problems.length + more;
  const line = (p: Problem): string => `${severityWord(p.severity)}: ${p.file ? `${p.file}: ` : ''}${p.message}`;
  return html`<section class="sect" data-section="problems">
    <h2>
      ${t('Problems')}
      <small>${plural(all, '{0} finding in the files', '{0} findings in the files', integer(all))}</small>
    </h2>
    ${
      problems.length > WRAPPED
        ? html`<ox-long-list
            class="small"
            .items=${problems}
            .label=${t('Problems')}
            .line=${(p: Problem) => html`<span title=${line(p)}>${line(p)}</span>`}
          ></ox-long-list>`
        : html`<ul class="notes small">
            ${problems.map((p) => html`<li>${line(p)}</li>`)}
          </ul>`
    }
    ${more ? html`<p class="small">${t('and {0} more; “offaxis check” lists all', integer(more))}</p>` : nothing}
  </section>`;
}
