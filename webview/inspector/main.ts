/** Entry of the inspector page: messages in, the model, one element on the page, UI state kept over a reload. */
import type { InspectorFromView, InspectorToView } from '../../src/protocol/views.ts';
import { connectHost } from '../shared/host.ts';
import { onThemeChange } from '../shared/scales.ts';
import './app.ts';
import type { App } from './app.ts';
import { InspectorModel } from './model.ts';
import { lineOf } from './rows.ts';
import { SMALL_BYTES, StatisticsWish } from './statistics.ts';
import { readUi, type Ui } from './ui.ts';
import type { View } from './view.ts';

function start(): void {
  const host = connectHost<InspectorToView, InspectorFromView>();
  const model = new InspectorModel();
  const app = document.createElement('ox-inspector') as App;
  let ui: Ui = readUi(host.getState());
  /** asked for before its row was there */
  let toReveal: string | null = null;
  let frame = 0;
  let storing: ReturnType<typeof setTimeout> | undefined;

  const refresh = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      app.version = (app.version ?? 0) + 1;
      void app.updateComplete.then(() => wish.changed());
    });
  };
  const wish = new StatisticsWish(model, (message) => host.post(message), wanted);
  function* wanted(): Generator<string> {
    if (ui.selected !== null) yield ui.selected;
    if (ui.view === 'tensors') yield* app.table?.visible ?? [];
    else yield* app.spectra?.wanted ?? [];
    // sorted by a figure, every row's place depends on it
    const bySort = ui.sort !== null && ['distribution', 'std'].includes(ui.sort.key);
    if (bySort || (model.facts?.sizeBytes ?? Infinity) <= SMALL_BYTES)
      for (const row of model.rows) yield row.tensor.name;
  }
  const keep = (change: Partial<Ui>): void => {
    ui = { ...ui, ...change };
    // a scroll is many changes
    storing ??= setTimeout(() => {
      storing = undefined;
      host.setState(ui);
    }, 200);
    wish.changed();
  };
  const view: View = {
    model,
    get ui() {
      return ui;
    },
    keep,
    set: (change) => {
      keep(change);
      refresh();
    },
    post: (message) => {
      if (message.type === 'spectra') model.forgetFailures(message.tensors);
      host.post(message);
    },
    reveal: (tensor) => reveal(tensor),
    focus: (pane) => app.focusPane(pane),
  };
  function reveal(tensor: string): void {
    const row = model.row(tensor);
    if (!row) {
      toReveal = tensor;
      return;
    }
    toReveal = null;
    const hidden = ui.filter !== '' && !row.lower.includes(ui.filter.toLowerCase());
    view.set({
      view: 'tensors',
      selected: tensor,
      group: null,
      part: null,
      closed: ui.closed.filter((group) => group !== row.group),
      ...(hidden ? { filter: '' } : {}),
    });
    requestAnimationFrame(() => {
      void app.updateComplete
        .then(() => app.table?.updateComplete)
        .then(() => app.table?.bringIntoView(lineOf(app.table.lines, row), true));
    });
  }
  /** Something is selected from the start: the first matrix, until the reader chooses. */
  const selectFirst = (): void => {
    if (model.row(ui.selected)) return;
    const first = model.rows.find(({ tensor }) => tensor.spectral && tensor.role === 'block') ?? model.rows[0];
    ui = { ...ui, selected: first?.tensor.name ?? null, group: null, part: null };
  };

  host.onMessage((message) => {
    if (message.type === 'reveal') return reveal(message.tensor);
    model.receive(message);
    if (message.type === 'facts') {
      selectFirst();
      wish.reset();
      if (toReveal !== null) reveal(toReveal);
    } else if (message.type === 'cancelled') wish.reset();
    refresh();
    if (message.type === 'facts' || message.type === 'error')
      void app.updateComplete.then(() => requestAnimationFrame(() => (document.body.dataset['ready'] = 'yes')));
  });
  onThemeChange(() => app.spectra?.redraw());

  app.view = view;
  app.version = 0;
  (document.getElementById('app') ?? document.body).append(app);
  host.post({ type: 'ready' });
}
start();
