/** What asks for a decision: files that have changed, a run that failed as a whole, a GPU that is not used. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t, tellError } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { diskBanners } from './disk.ts';
import { define, ViewElement } from './view.ts';

const ICON = { error: 0xea87, info: 0xea74 } as const;

class Banners extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    return this.view.model.state ? html`${diskBanners(this.view)} ${this.failure()} ${this.notice()}` : nothing;
  }
  /** Said once: why the CPU computes. */
  private notice(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const text = model.state?.notice ?? null;
    if (text === null) return nothing;
    return html`<div class="banner" role="status" data-notice>
      ${icon(ICON.info)}<span class="grow">${text}</span
      ><button data-action="gpu-information" @click=${() => post({ type: 'showGpuInformation' })}>
        ${t('GPU Information')}</button
      ><button class="secondary" data-action="dismiss-notice" @click=${() => post({ type: 'dismissNotice' })}>
        ${t('Dismiss')}
      </button>
    </div>`;
  }
  /** A run that ended early, or results of other bytes than those on disk now. */
  private failure(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const whole = model.state?.error ?? null;
    if (!whole) return nothing;
    const isDevice = whole.code === 'device-lost' || whole.code === 'peer-gone';
    return html`<div class="banner error" role="alert" data-failed="whole">
      ${icon(ICON.error)}<span class="grow">${tellError(whole)}</span
      ><button data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button>${
        isDevice && model.state?.backend?.kind === 'gpu'
          ? html`<button data-action="use-cpu" @click=${() => post({ type: 'useCpu' })}>${t('Use CPU')}</button>`
          : nothing
      }<button
        class="secondary"
        data-action="retry"
        @click=${() => {
          model.failed.clear();
          post({ type: 'retry' });
        }}
      >
        ${t('Retry')}
      </button>
    </div>`;
  }
}
define('ox-banners', Banners);
