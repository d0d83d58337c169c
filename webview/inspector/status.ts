/** Between the strips and the body: the line of what runs, and only when there is something to say what was cancelled, what failed. */
import { nothing, type TemplateResult } from 'lit';
import type { WireError } from '../../src/protocol/errors.ts';
import type { CheckpointFacts } from '../../src/protocol/engine.ts';
import { bytes, clock, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tellError } from '../shared/l10n.ts';
import { icon, s } from '../shared/svg.ts';
import { ICON } from './icons.ts';
import type { DiskChange } from '../../src/protocol/views.ts';
import { ViewElement, type View } from './view.ts';

class Status extends ViewElement {
  protected override render(): TemplateResult {
    const { model } = this.view;
    return html`${this.progress()} ${model.facts?.whole === undefined ? nothing : this.shard(model.facts.whole)}
    ${model.asksFirst && model.facts ? this.remote(model.facts) : nothing}
    ${model.disk ? this.disk(model.disk) : nothing} ${model.cancelled ? this.cancelled() : nothing}
    ${model.error && model.facts ? errorBanner(model.error, this.view) : nothing}`;
  }

  private shard(whole: string): TemplateResult {
    return html`<div class="banner" data-state="shard" role="status">
      ${icon(ICON.info)}<span class="grow"
        >${t('This file is one shard of a checkpoint: its other tensors lie in the other shards.')}</span
      >
      <button
        class="secondary"
        data-action="open-whole"
        title=${whole}
        @click=${() => this.view.post({ type: 'openWhole' })}
      >
        ${t('Open Whole Checkpoint')}
      </button>
    </div>`;
  }
  private remote({ path, headerBytes, sizeBytes }: CheckpointFacts): TemplateResult {
    const { model } = this.view;
    const [, place = path] = /^(\w+:\/\/[^/?]+)/.exec(path) ?? [];
    const scanned = model.scan?.done ?? 0;
    return html`<div class="banner" data-state="remote" role="status">
      ${icon(ICON.info)}<span class="grow"
        >${
          scanned > 0
            ? t(
                'Read from {0}: the scan has read {1} of {2}. Values of single tensors are downloaded when you ask for them.',
                place,
                bytes(scanned),
                bytes(sizeBytes),
              )
            : t(
                'Read from {0}: only the headers so far, {1} of {2}. Values are downloaded when you ask for them.',
                place,
                bytes(headerBytes),
                bytes(sizeBytes),
              )
        }</span
      >
      <button
        class="secondary"
        data-action="read-in-view"
        title=${t('Downloads the tensors in view, and others as you scroll to them')}
        @click=${() => {
          model.readsInView = true;
          this.view.set({});
        }}
      >
        ${t('Read Values in View')}
      </button>
    </div>`;
  }
  private disk({ kind, file, at, readAt }: DiskChange): TemplateResult {
    const { post } = this.view;
    const text =
      kind === 'deleted'
        ? t('{0} was deleted at {1}. Everything shown was read at {2}.', file, clock(at), clock(readAt))
        : t('{0} changed on disk at {1}. Everything shown is as of {2}.', file, clock(at), clock(readAt));
    return html`<div class="banner warning" data-state="disk" data-kind=${kind} role="alert">
      ${icon(kind === 'deleted' ? ICON.trash : ICON.history)}<span class="grow">${text}</span>
      <button class="secondary" data-action="reload" @click=${() => post({ type: 'retry' })}>${t('Reload')}</button>
    </div>`;
  }
  /** Two pixels, whether something runs or not; its words and Cancel stand in the toolbar. */
  private progress(): TemplateResult {
    const { progress } = this.view.model;
    if (!progress) return html`<div class="progress"></div>`;
    const { done, total } = progress;
    const share = total > 0 ? done / total : 0;
    const bar = s(
      'svg',
      { viewBox: '0 0 100 2', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      s('rect', { x: 0, y: 0, width: 100 * share, height: 2 }),
    );
    return html`<div
      class="progress"
      role="progressbar"
      aria-label=${t('Analysis')}
      aria-valuemin="0"
      aria-valuemax=${total}
      aria-valuenow=${done}
    >
      ${bar}
    </div>`;
  }
  private cancelled(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const { cancelled } = model;
    if (!cancelled) return nothing;
    const change = (act: () => void) => () => {
      model.cancelled = null;
      act();
      this.view.set({});
    };
    return html`<div class="banner" data-state="cancelled" role="status">
      ${icon(ICON.circleSlash)}<span class="grow"
        >${t('Cancelled after {0} of {1}. Everything computed is kept.', integer(cancelled.done), integer(cancelled.total))}</span
      >
      <button data-action="resume" @click=${change(() => post({ type: 'spectra', tensors: [] }))}>
        ${t('Resume')}
      </button>
      <button data-action="dismiss" @click=${change(() => undefined)}>${t('Dismiss')}</button>
    </div>`;
  }
}
customElements.define('ox-status', Status);

/** What went wrong as a whole, and the two ways on. */
export function errorBanner(error: WireError, view: View): TemplateResult {
  return html`<div class="banner error" data-state="error" role="alert">
    ${icon(ICON.error)}<span class="grow">${tellError(error)}</span>
    <button
      data-action="retry"
      @click=${() => {
        view.model.error = null;
        view.post({ type: 'retry' });
        view.set({});
      }}
    >
      ${t('Retry')}
    </button>
    <button data-action="show-log" @click=${() => view.post({ type: 'showLog' })}>${t('Show Log')}</button>
  </div>`;
}
