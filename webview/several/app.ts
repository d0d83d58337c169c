/** The page of several checkpoints: the answer and a table of the runs or steps. */
import { LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { SeveralFromView, SeveralState } from '../../src/protocol/severalViews.ts';
import { html } from '../shared/html.ts';
import { percent } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import type { SeveralModel } from './model.ts';

@customElement('ox-several')
export class SeveralApp extends LitElement {
  @property({ attribute: false }) model!: SeveralModel;
  @property({ attribute: false }) post!: (message: SeveralFromView) => void;
  @property({ type: Number }) version = 0;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): unknown {
    const { state, figures, progress } = this.model;
    if (!state) return html``;
    return html`
      <header>
        <strong>${state.baseName}</strong>
        ${this.actions(state)}
        ${progress && state.phase === 'running' ? html`<span>${progress.done} / ${progress.total}</span>` : ''}
      </header>
      ${state.error ? html`<p role="alert">${state.error.message}</p>` : ''}
      <p data-answer>${figures?.answer.text ?? ''}</p>
      <table>
        <thead>
          <tr>
            <th>${state.kind === 'runs' ? t('Run') : t('Step')}</th>
            <th>${t('Relative update')}</th>
          </tr>
        </thead>
        <tbody>
          ${state.runs.map(
            ({ name, path }, run) =>
              html`<tr data-run=${run} title=${path}>
                <td>${name}</td>
                <td>${percent(figures?.comparisons[run]?.model.relativeUpdate ?? null)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      ${this.fresh(state)}
    `;
  }

  private actions(state: SeveralState): TemplateResult {
    const button = (label: string, message: SeveralFromView): TemplateResult =>
      html`<button @click=${() => this.post(message)}>${label}</button>`;
    const { phase, kind, follow } = state;
    return html`
      ${phase === 'planned' ? button(t('Start'), { type: 'start' }) : ''}
      ${phase === 'running' ? button(t('Cancel'), { type: 'cancel' }) : ''}
      ${phase === 'cancelled' ? button(t('Resume'), { type: 'resume' }) : ''}
      ${phase === 'failed' ? button(t('Retry'), { type: 'retry' }) : ''}
      ${kind === 'runs' ? button(t('+ Run'), { type: 'addRun' }) : ''}
      ${
        follow
          ? html`<button
              aria-pressed=${String(follow.on)}
              @click=${() => this.post({ type: 'follow', on: !follow.on })}
            >
              ${t('Follow')}
            </button>`
          : ''
      }
    `;
  }

  private fresh({ follow }: SeveralState): TemplateResult[] {
    return (follow?.fresh ?? []).map(
      ({ step, waiting }) =>
        html`<p data-fresh=${step}>
          ${t('Step {0}', step)}
          ${
            waiting === null
              ? html`<button @click=${() => this.post({ type: 'include', steps: [step] })}>${t('Include')}</button>`
              : waiting
          }
        </p>`,
    );
  }
}
