/** Below the map, closed at first: the figures of the whole model, the verdicts counted, and what was left out. Nothing is dropped silently. */
import { nothing, type TemplateResult } from 'lit';
import { coverageSaid, coverageWarning, pairingNotes } from '../../src/metrics/coverage.ts';
import { lineageWarning } from '../../src/metrics/lineage.ts';
import { energySaid, maskSaid, tally, type Said } from '../../src/metrics/verdict.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { cutText, integer, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import './left-out.ts';
import { MAX_COLUMNS, MAX_LAYERS } from './model.ts';
import './model-figures.ts';
import { problemList } from './problem-list.ts';
import { CostlyElement, define } from './view.ts';

const ID = 'rest';
/** Characters of a name in a sentence. */
const MAX_NAME = 120;

/** Opens it and brings it into view. */
export function openRest(): void {
  const rest = document.getElementById(ID);
  if (!(rest instanceof HTMLDetailsElement)) return;
  rest.open = true;
  rest.scrollIntoView({ block: 'start' });
  rest.querySelector('summary')?.focus();
}

class Rest extends CostlyElement {
  protected override content(): TemplateResult {
    const { view, version } = this;
    const { coverage } = view.model;
    return html`<details id=${ID} class="rest" data-section="rest" @toggle=${() => this.requestUpdate()}>
      <summary>
        ${t('What was compared')}
        <small class="quiet">${coverage ? tell(coverageSaid(coverage, percent)) : ''}</small>
      </summary>
      ${this.notes()} ${this.verdicts()}
      <ox-model .view=${view} .version=${version}></ox-model>
      ${this.beyond()}
      <ox-left-out .view=${view} .version=${version}></ox-left-out>
    </details>`;
  }

  /** The sentences of which the line above the answer has the short ones. */
  private notes(): TemplateResult | typeof nothing {
    const { coverage, state } = this.view.model;
    const lineage = state?.summary?.lineage;
    const warning = coverage && coverageWarning(coverage, percent, (name) => cutText(name, MAX_NAME));
    const hardly = lineage && lineageWarning(lineage);
    const sentences = [...(hardly ? [tell(hardly)] : []), ...(warning ? [tell(warning)] : [])];
    const problems = state?.plan?.problems ?? [];
    const own = problems.filter((one) => !pairingNotes([one]).length);
    return html`${
      sentences.length
        ? html`<ul class="notes small">
            ${sentences.map((text) => html`<li>${text}</li>`)}
          </ul>`
        : nothing
    }${problemList([...pairingNotes(problems), ...own], this.view.model.leftOut.problems)}`;
  }

  /** How many matrices have which verdict, in both views. */
  private verdicts(): TemplateResult | typeof nothing {
    const live = this.view.model.live();
    if (!live.length) return nothing;
    const counts = (of: (tensor: ComparisonTensor) => Said): string =>
      tally(live, of)
        .map(({ words, items }) => t('{0} {1}', integer(items.length), tell(words.word)))
        .join(', ');
    return html`<section class="sect" data-section="verdicts">
      <h2>${t('Verdicts')} <small>${t('of single matrices, each by its own rule')}</small></h2>
      <p class="small">
        ${t(
          'Which weights changed: {0}.',
          counts(({ metrics }) => maskSaid(metrics)),
        )}
      </p>
      <p class="small">
        ${t(
          'Where the update points: {0}.',
          counts(({ metrics }) => energySaid(metrics)),
        )}
      </p>
    </section>`;
  }

  private beyond(): TemplateResult | typeof nothing {
    const { beyondMap } = this.view.model;
    if (!beyondMap) return nothing;
    return html`<p class="quiet small" data-beyond>
      ${plural(
        beyondMap,
        '{0} matrix lies beyond the first {1} layers and {2} modules: it is counted in the answer and named in the export, not shown here.',
        '{0} matrices lie beyond the first {1} layers and {2} modules: they are counted in the answer and named in the export, not shown here.',
        integer(beyondMap),
        integer(MAX_LAYERS),
        integer(MAX_COLUMNS),
      )}
    </p>`;
  }
}
define('ox-rest', Rest);
