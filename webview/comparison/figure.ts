/** "Export Comparison Figure...": what the page shows, gathered for one picture. Words and figures are the page's own. */
import { percent } from '../shared/format.ts';
import { plural, t } from '../shared/l10n.ts';
import { FIGURE_WIDTH, figureSheet, type FigureCard, type Fragment } from '../shared/figure-sheet.ts';
import { fragmentOf, inColours, measureText, paperColours, send } from '../shared/picture.ts';
import type { Plot } from '../shared/plot.ts';
import type { MapPane } from './map-pane.ts';
import { picture } from './panels.ts';
import type { View } from './view.ts';

const CARD_WIDTH = 180;
/** The picture's own margins. */
const INNER = FIGURE_WIDTH - 48;

export function saveFigure(view: View, white: boolean): void {
  const { state } = view.model;
  if (!state?.plan || !view.model.tensors.size) return;
  const made = inColours(white, () => figureOf(view));
  const name = t('{0} to {1}', state.baseName, state.tunedName);
  send({ type: 'savePicture', name, format: 'svg', data: made.markup });
}

function figureOf(view: View): Fragment {
  const { model, ui } = view;
  const { state } = model;
  const shown = picture(model, ui);
  const done = model.live().length;
  const parameters = state?.parameters;
  const map = document.querySelector<MapPane>('ox-map')?.mapMarkup(INNER) ?? null;
  const lines = document.querySelector<HTMLElement>('[data-section="lines"]');
  const drawing = lines && drawnAt(lines.querySelector<Plot>('ox-plot'), INNER);
  return figureSheet(
    {
      title: `${state?.baseName ?? ''} → ${state?.tunedName ?? ''}`,
      subtitle: [
        plural(model.layerCount, '{0} layer', '{0} layers'),
        t('{0} of {1} matrices', done, model.matrices.length),
        t('mask of {0} of the weights', percent(parameters?.alpha)),
        state?.backend ? state.backend.name : '',
      ]
        .filter(Boolean)
        .join(', '),
      cards: cards(),
      map: map && { title: shown.metric.name, text: shown.metric.text, drawing: map },
      lines:
        lines && drawing
          ? { title: words(lines, 'h2 small') || shown.metric.name, keys: keysOf(lines), drawing }
          : null,
      footer: t('Every figure stands beside what noise would give, or its limit. Definitions: METRICS.md of Offaxis.'),
    },
    { ...paperColours(), measure: measureText },
  );
}

/** The cards of the page; the alignment card is two of them. */
function cards(): FigureCard[] {
  return [...document.querySelectorAll<HTMLElement>('[data-card]')].flatMap((card) => {
    const title = ownText(card.querySelector('h2'));
    const views = [...card.querySelectorAll<HTMLElement>('.views > div')];
    if (!views.length) return [cardOf(card, title, [words(card, '.figure small'), words(card, 'h2 .of')])];
    return views.map((part) =>
      cardOf(part, `${title}, ${words(part, '.lab .quiet')}`, [words(part, '.verdict'), words(card, 'h2 .of')]),
    );
  });
}
function cardOf(part: HTMLElement, title: string, aside: readonly string[]): FigureCard {
  const figure = part.querySelector('.figure')?.firstChild;
  return {
    title,
    figure: ownText(part.querySelector('.figure')) || (figure?.textContent ?? '').trim(),
    aside: aside.filter(Boolean).join('; '),
    bullet: drawnAt(part.querySelector<Plot>('ox-plot'), CARD_WIDTH),
    keys: keysOf(part),
    reading: words(part, 'p'),
  };
}
const words = (root: Element, selector: string): string =>
  (root.querySelector(selector)?.textContent ?? '').replace(/\s+/g, ' ').trim();
/** The text of the element itself, without that of its children. */
const ownText = (element: Element | null): string =>
  [...(element?.childNodes ?? [])]
    .filter((node) => node.nodeType === Node.TEXT_NODE)
    .map((node) => node.textContent ?? '')
    .join('')
    .trim();
const keysOf = (root: Element): string[] =>
  [...root.querySelectorAll('.keys span')]
    .filter((span) => !span.querySelector('span'))
    .map((span) => (span.textContent ?? '').trim())
    .filter(Boolean);

function drawnAt(plot: Plot | null, width: number): Fragment | null {
  return plot ? fragmentOf({ draw: () => plot.drawingAt(width) }) : null;
}
