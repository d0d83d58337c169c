/** One line for each side whose files are not those any more that were compared. */
import { nothing, type TemplateResult } from 'lit';
import type { DiskChange } from '../../src/protocol/views.ts';
import { clock } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import type { View } from './view.ts';

const ICON = { history: 0xea82, trash: 0xea81 } as const;

export function diskBanners({ model, post }: View): TemplateResult | typeof nothing {
  const { state, disk } = model;
  if (!state || !disk) return nothing;
  const sides = [
    ['base', disk.base, state.baseName],
    ['tuned', disk.tuned, state.tunedName],
  ] as const;
  const [first] = sides.filter(([, change]) => change !== null);
  return html`${sides.map(([side, change, name]) =>
    change
      ? html`<div class="banner" role="alert" data-disk=${side} data-kind=${change.kind}>
          ${icon(change.kind === 'deleted' ? ICON.trash : ICON.history)}<span class="grow">${text(name, change)}</span
          >${
            side === first?.[0]
              ? html`<button class="secondary" data-action="reload" @click=${() => post({ type: 'reload' })}>
                  ${t('Reload')}
                </button>`
              : nothing
          }
        </div>`
      : nothing,
  )}`;
}
function text(name: string, { kind, file, at, readAt }: DiskChange): string {
  return kind === 'deleted'
    ? t('{0}: {1} was deleted at {2}. Everything shown was read at {3}.', name, file, clock(at), clock(readAt))
    : t('{0}: {1} changed on disk at {2}. Everything shown is as of {3}.', name, file, clock(at), clock(readAt));
}
