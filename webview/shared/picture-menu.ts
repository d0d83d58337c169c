/** The "..." on a picture: a menu button, as the ARIA practices describe it. */
import type { PictureAction } from '../../src/protocol/views.ts';
import { t } from './l10n.ts';
import { h, icon } from './svg.ts';

const ELLIPSIS = 0xea7c;

export function pictureMenu(name: string, act: (action: PictureAction) => void): HTMLElement {
  const entries: [PictureAction, string][] = [
    ['svg', t('Save as SVG…')],
    ['svg-white', t('Save as SVG on White…')],
    ['png', t('Save as PNG…')],
    ['tsv', t('Copy as TSV')],
  ];
  const items = entries.map(([action, label]) =>
    h(
      'button',
      { role: 'menuitem', tabindex: -1, 'data-picture-action': action, onclick: () => choose(action) },
      label,
    ),
  );
  const list = h('div', { role: 'menu', class: 'menu', hidden: true, 'aria-label': name }, items);
  const button = h(
    'button',
    {
      class: 'more',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      'aria-label': t('Picture: {0}', name),
      title: t('Save or copy this picture'),
      onclick: () => toggle(list.hasAttribute('hidden')),
    },
    icon(ELLIPSIS),
  );
  const toggle = (open: boolean): void => {
    list.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) items[0]?.focus();
  };
  const choose = (action: PictureAction): void => {
    toggle(false);
    button.focus();
    act(action);
  };
  const root = h('div', { class: 'picture-menu' }, button, list);
  root.addEventListener('keydown', (event) => {
    const at = items.findIndex((item) => item === document.activeElement);
    if (list.hidden) {
      if (event.key !== 'ArrowDown') return;
      toggle(true);
    } else if (event.key === 'Escape') {
      toggle(false);
      button.focus();
    } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
    else if (event.key === 'Home') items[0]?.focus();
    else if (event.key === 'End') items.at(-1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  root.addEventListener('focusout', (event) => {
    if (!list.hidden && !(event.relatedTarget instanceof Node && root.contains(event.relatedTarget))) toggle(false);
  });
  return root;
}
