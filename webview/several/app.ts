/** The page of several checkpoints: title, answer, the questions over the maps, the runs as a table; keys that work everywhere. */
import { nothing, type TemplateResult } from 'lit';
import { define } from '../comparison/view.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { isPopoverOpen } from '../shared/popover.ts';
import './agree.ts';
import './answer.ts';
import './chosen.ts';
import { figureOf, figuresOf, nextId } from './figures.ts';
import './maps.ts';
import './members-table.ts';
import './path.ts';
import './slider.ts';
import { allProblems, problemsLine } from './problems.ts';
import { failure, failures, freshSteps, nothingPairs, planned, progressOf } from './states.ts';
import { PANEL_ID } from './tabs-bar.ts';
import './title.ts';
import { SeveralElement, stepOf, tabOf, tabsOf, type SeveralTab } from './view.ts';

class App extends SeveralElement {
  private readonly onKey = (event: KeyboardEvent): void => this.key(event);

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
  }
  /** After a theme change: canvases hold pixels, not variables. */
  redraw(): void {
    for (const map of this.querySelectorAll<Element & { redraw?: () => void }>('ox-run-maps, ox-pair-map, ox-step-map'))
      map.redraw?.();
    this.version++;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { view, version } = this;
    const { model } = view;
    const { state } = model;
    if (!state) return nothing;
    const strips = html`<ox-several-title .view=${view} .version=${version}></ox-several-title
      >${progressOf(view)}${failure(view)}${failures(view)}${problemsLine(view)}${freshSteps(view)}`;
    const isBefore = state.phase === 'planning' || state.phase === 'planned';
    if (!model.plan || isBefore) return html`${strips}${planned(view)}${allProblems(view)}`;
    if (!model.matrices.length) return html`${strips}${nothingPairs()}${allProblems(view)}`;
    return html`${strips}<ox-several-answer .view=${view} .version=${version}></ox-several-answer>
      <main>
        <ox-step-slider .view=${view} .version=${version}></ox-step-slider>
        <ox-several-tabs .view=${view} .version=${version}></ox-several-tabs>
        ${this.panel(tabOf(view))}
        <ox-members .view=${view} .version=${version}></ox-members>
        ${allProblems(view)}
      </main>
      <div class="sr" role="status">
        ${view.ui.cell ? t('Layer {0}, {1}', view.ui.cell.layer, view.ui.cell.module) : ''}
      </div>`;
  }
  private panel(tab: SeveralTab): TemplateResult {
    const { view, version } = this;
    const content =
      tab === 'agree'
        ? html`<ox-agree .view=${view} .version=${version}></ox-agree>`
        : tab === 'path'
          ? html`<ox-path .view=${view} .version=${version}></ox-path>`
          : html`<ox-run-maps .view=${view} .version=${version}></ox-run-maps
              ><ox-chosen .view=${view} .version=${version}></ox-chosen>`;
    return html`<div class="question" id=${PANEL_ID} role="tabpanel" aria-labelledby=${`tab-${tab}`}>${content}</div>`;
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || isPopoverOpen()) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input:not([type="range"]), select, textarea')) return;
    if (!this.act(event.key)) return;
    // VS Code hears every key of a page at its window
    event.preventDefault();
    event.stopPropagation();
  }
  /** False: the key means nothing here. */
  private act(key: string): boolean {
    const { view } = this;
    const { model, ui, set } = view;
    const tab = tabOf(view);
    const opened = /^\d$/.test(key) ? tabsOf(model.kind)[Number(key) - 1] : undefined;
    if (opened) set({ tab: opened, figure: null, clause: null });
    else if ((key === '[' || key === ']') && tab !== 'agree' && tab !== 'path') {
      const ids = figuresOf(tab, model.known).map(({ id }) => id);
      set({ figure: nextId(ids, figureOf(tab, ui.figure, model.known).metric.id, key === ']' ? 1 : -1) });
    } else if ((key === ',' || key === '.') && model.kind === 'steps') {
      const step = stepOf(view) + (key === '.' ? 1 : -1);
      set({ step: Math.max(0, Math.min(model.runs.length - 1, step)) });
    } else if (key === 'Escape' && ui.clause !== null) set({ clause: null });
    else return false;
    return true;
  }
}
define('ox-several', App);
export type { App };
