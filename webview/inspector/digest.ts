/** SHA-256 of a tensor, or of the files: a button, then the digest with a way to copy it. */
import type { TemplateResult } from 'lit';
import { bytes, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { ICON } from './icons.ts';
import type { View } from './view.ts';

/** Digits shown; the rest is in the tooltip and in what is copied. */
const SHOWN = 8;

/** What of a tensor, or of the files, is hashed. */
function hashed({ model }: View, tensor: string | null): string {
  if (tensor === null) return t('Read the files whole and compute their SHA-256');
  const row = model.facts?.tensors.find(({ name }) => name === tensor);
  return row?.quantised?.reason === null
    ? t('Compute the SHA-256 of the dequantised values, as 32-bit floats')
    : t('Compute the SHA-256 of the tensor’s bytes as stored');
}

/** `tensor` null: every file of the checkpoint. */
export function digest(view: View, tensor: string | null): TemplateResult {
  const { model, post } = view;
  const run = model.digesting?.tensor === tensor ? model.digesting : null;
  const files =
    tensor === null ? (model.facts?.shards.filter((shard) => !shard.missing) ?? []).map(({ file }) => file) : [];
  const names = tensor === null ? files.map((file) => `file ${file}`) : [`tensor ${tensor}`];
  const found = names.flatMap((name) => model.digests.get(name) ?? []);
  if (found.length === names.length && found.length > 0) {
    const [first] = found;
    const lines = found.map(({ sha256, name }) => `${sha256}  ${name}`);
    const one = found.length === 1 && first ? first.sha256 : null;
    const text = one ? `${one.slice(0, SHOWN)}…` : plural(found.length, '{0} file', '{0} files');
    return html`<span class="digest" data-sha256=${one ?? ''}
      ><span class=${one ? 'mono' : ''} title=${one ?? lines}>${text}</span
      ><button
        data-action="copy-sha256"
        title=${one ? t('Copy the SHA-256') : t('Copy as sha256sum prints it')}
        aria-label=${one ? t('Copy the SHA-256') : t('Copy as sha256sum prints it')}
        @click=${() => post({ type: 'copy', text: one ?? lines.join('\n') })}
      >
        ${icon(ICON.copy)}
      </button></span
    >`;
  }
  if (run && run.message === null) {
    const share = run.total ? run.done / run.total : 0;
    return html`<span class="digest" data-state="hashing"
      ><span title=${t('{0} of {1}', bytes(run.done), bytes(run.total))}>${percent(share, 2)}</span
      ><button class="inline" data-action="cancel-sha256" @click=${() => post({ type: 'cancelDigest' })}>
        ${t('Cancel')}
      </button></span
    >`;
  }
  const failed = run?.message ?? null;
  return html`<span class="digest"
    >${failed === null ? '' : html`<span class="err" role="alert" title=${failed}>${t('Failed')}</span>`}<button
      class="inline"
      data-action="sha256"
      ?disabled=${model.disk !== null || (model.digesting !== null && model.digesting.message === null)}
      title=${hashed(view, tensor)}
      @click=${() => post({ type: 'digest', tensor })}
    >
      ${failed === null ? t('Compute') : t('Retry')}
    </button></span
  >`;
}
