/** The title: the base, a chip for each run or the run's steps, quiet facts, and one menu for everything that leaves the page. */
import { nothing, type TemplateResult } from 'lit';
import { backendText } from '../comparison/backend.ts';
import '../comparison/gear.ts';
import { define } from '../comparison/view.ts';
import { count, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { closePopover, placeAtButton } from '../shared/popover.ts';
import { icon } from '../shared/svg.ts';
import type { SeveralFromView, SeveralState } from '../../src/protocol/severalViews.ts';
import { markOf } from './marks.ts';
import { SeveralElement } from './view.ts';

const ICON = { export: 0xebac, down: 0xeab4, close: 0xea76, add: 0xea60, eye: 0xea70 } as const;

class Title extends SeveralElement {
  protected override render(): TemplateResult | typeof nothing {
    const { state } = this.view.model;
    if (!state) return nothing;
    return html`<header class="title">
      <h1>
        <span class="side" title=${state.base}><span class="quiet">${t('base')}</span><b>${state.baseName}</b></span>
        ${state.kind === 'runs' ? this.chips(state) : this.steps(state)}
      </h1>
      <div class="facts quiet small grow">${this.facts(state)}</div>
      <ox-gear .view=${this.view} .version=${this.version}></ox-gear>${this.exports(state)}
    </header>`;
  }

  private chips({ runs }: SeveralState): TemplateResult {
    const { post } = this.view;
    return html`${runs.map(({ name, path }, run) => {
        const { glyph, colour } = markOf(run);
        return html`<span class="side chip" data-run=${run} title=${path}
          ><span aria-hidden="true" .style=${`color: ${colour}`}>${glyph}</span><b>${name}</b>${
            runs.length > 2
              ? html`<button
                  class="out"
                  data-action="remove-run"
                  title=${t('Leave {0} out', name)}
                  aria-label=${t('Leave {0} out', name)}
                  @click=${() => post({ type: 'removeRun', run })}
                >
                  ${icon(ICON.close)}
                </button>`
              : nothing
          }</span
        >`;
      })}<button
        data-action="add-run"
        aria-label=${t('+ Run')}
        title=${t('Add another checkpoint of this base')}
        @click=${() => post({ type: 'addRun' })}
      >
        ${icon(ICON.add)}${t('Run')}
      </button>`;
  }
  private steps({ runs, follow }: SeveralState): TemplateResult {
    const { post } = this.view;
    const last = runs.at(-1);
    return html`<span class="side chip" title=${follow?.folder ?? last?.path ?? ''}
        ><b>${follow ? nameOf(follow.folder) : (last?.name ?? '')}</b
        ><span class="quiet small">${plural(runs.length, '{0} step', '{0} steps')}</span></span
      >${
        follow
          ? html`<button
              data-action="follow"
              aria-pressed=${String(follow.on)}
              title=${t('Compute every new step of the folder as soon as it is complete')}
              @click=${() => post({ type: 'follow', on: !follow.on })}
            >
              ${icon(ICON.eye)}${t('Follow')}
            </button>`
          : nothing
      }`;
  }

  private facts(state: SeveralState): unknown {
    const { plan, matrices, layers } = this.view.model;
    return html`${
      plan
        ? html`<span>${plural(layers.length, '{0} layer', '{0} layers')}</span
            ><span data-counted>${plural(matrices.length, '{0} matrix', '{0} matrices', integer(matrices.length))}</span
            ><span title=${t('Of all runs together')}>${t('{0} weights', count(plan.cost.weights))}</span>`
        : nothing
    }${
      state.backend
        ? html`<span data-backend=${state.backend.kind} title=${state.backend.name}
            >${backendText(state.backend)}</span
          >`
        : nothing
    }`;
  }

  private exports(state: SeveralState): TemplateResult {
    const { model, post } = this.view;
    const entry = (action: string, name: string, what: string, message: SeveralFromView, title = ''): TemplateResult =>
      html`<button
        data-action=${action}
        title=${title}
        @click=${(event: Event) => {
          closePopover(event);
          post(message);
        }}
      >
        <span class="grow">${name}</span><span class="quiet small">${what}</span>
      </button>`;
    return html`<button data-action="export-menu" popovertarget="export-menu" aria-label=${t('Export')}>
        ${icon(ICON.export)}<span class="lbl">${t('Export')}</span>${icon(ICON.down)}
      </button>
      <div id="export-menu" class="pop menu-list" popover @beforetoggle=${placeAtButton}>
        ${model.result ? entry('export', t('All Figures…'), t('JSON'), { type: 'export' }) : nothing}
        ${entry(
          'copy-command-line',
          t('Copy as Command Line'),
          t('for a terminal'),
          { type: 'copyCommandLine' },
          state.commandLine,
        )}
      </div>`;
  }
}
/** Last part of a path of either kind. */
const nameOf = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
define('ox-several-title', Title);
