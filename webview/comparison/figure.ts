/** "Export Comparison Figure...": what the page shows, gathered for one picture. Words and figures are the page's own. */
import { sentencesOf } from '../../src/answer/render.ts';
import { percent } from '../shared/format.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import { FIGURE_WIDTH, figureSheet, type FigureCard, type Fragment } from '../shared/figure-sheet.ts';
import { fragmentOf, inColours, measureText, paperColours, send } from '../shared/picture.ts';
import { drawGauge } from './key-figure.ts';
import { keyFigure } from './key-values.ts';
import type { MapPane } from './map-pane.ts';
import type { ComparisonModel } from './model.ts';
import { picture } from './panels.ts';
import { TABS } from './tabs.ts';
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
      answer: answerOf(model),
      cards: cardsOf(model),
      map: map && { title: shown.metric.name, text: shown.metric.text, drawing: map },
      footer: t('Every figure stands beside what noise would give, or its limit. Definitions: METRICS.md of Offaxis.'),
    },
    { ...paperColours(), measure: measureText },
  );
}

function answerOf(model: ComparisonModel): string[] {
  const answer = model.answer();
  return answer ? sentencesOf(answer, tell) : [];
}
/** The key figure of each tab. */
function cardsOf(model: ComparisonModel): FigureCard[] {
  return TABS.flatMap((tab) => {
    const found = keyFigure(model, { tab, figure: null });
    if (!found) return [];
    const { name, value, scope, gauge, beside, most } = found;
    return [
      {
        title: name,
        figure: value,
        aside: scope,
        bullet: gauge && fragmentOf({ draw: () => drawGauge(CARD_WIDTH, gauge) }),
        keys: beside.map(({ text }) => text),
        reading: most ? `${most.what} ${most.text}` : '',
      },
    ];
  });
}
