/** Entry of the inspector page: messages in, the model, one element on the page, UI state kept over a reload. */
import type {
  DefinitionFromView,
  InspectorFromView,
  InspectorToView,
  PictureFromView,
} from '../../src/protocol/views.ts';
import { connectHost } from '../shared/host.ts';
import { MatrixClient } from '../shared/matrix-client.ts';
import { actOnPicture, PICTURE_EVENT } from '../shared/picture.ts';
import { onThemeChange } from '../shared/scales.ts';
import { DEFINITION_EVENT } from '../shared/term.ts';
import './app.ts';
import type { App } from './app.ts';
import { NO_FILTER } from './find/filter.ts';
import { Finder } from './finder.ts';
import { InspectorModel, SMALL_BYTES } from './model.ts';
import { groupNameOf, lineOf } from './rows.ts';
import { StatisticsWish } from './statistics.ts';
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
    yield* model.wanted;
    if (model.asksFirst) return;
    if (ui.selected !== null) yield ui.selected;
    if (ui.view === 'tensors') yield* app.table?.visible ?? [];
    // of a remote one that would be all of it
    else if (!model.isRemote) yield* app.spectra?.wanted ?? [];
    if ((model.facts?.sizeBytes ?? Infinity) <= SMALL_BYTES) for (const row of model.rows) yield row.tensor.name;
  }
  const finder = new Finder(model, () => ui, refresh);
  const store = (): void => {
    clearTimeout(storing);
    storing = undefined;
    host.setState(ui);
  };
  const keep = (change: Partial<Ui>): void => {
    ui = { ...ui, ...change };
    // a scroll is many changes
    storing ??= setTimeout(store, 200);
    wish.changed();
  };
  const matrix = new MatrixClient((request) => host.post({ type: 'matrix', request }));
  const view: View = {
    model,
    finder,
    matrix,
    get ui() {
      return ui;
    },
    keep,
    set: (change) => {
      ui = { ...ui, ...change };
      // at once: a tab that goes to the back takes its page with it
      store();
      wish.changed();
      refresh();
    },
    post: (message) => {
      if (message.type === 'spectra') model.forgetFailures(message.tensors);
      host.post(message);
    },
    readValues: (tensors) => {
      if (!tensors.length) host.post({ type: 'cancel' });
      if (!tensors.length) model.wanted.clear();
      if (model.asksFirst) for (const name of tensors) model.wanted.add(name);
      wish.demand(tensors);
      refresh();
    },
    get isReadingValues() {
      return wish.isReading;
    },
    reveal: (tensor, group) => reveal(tensor, group),
    focus: (pane) => app.focusPane(pane),
  };
  function reveal(tensor: string, group?: string): void {
    const row = model.row(tensor);
    if (!row) {
      toReveal = tensor;
      return;
    }
    toReveal = null;
    view.set({
      view: 'tensors',
      ...(ui.tab === 'statistics' || group === undefined ? {} : { beside: true }),
      selected: tensor,
      group: group ?? null,
      part: null,
      closed: ui.closed.filter((group) => group !== groupNameOf(row, ui.grouping)),
      ...(ui.outliers && !finder.outliers?.found.some(({ item }) => item === row) ? { outliers: false } : {}),
      ...(finder.passes(row) ? {} : { filter: NO_FILTER }),
    });
    requestAnimationFrame(() => {
      void app.updateComplete
        .then(() => app.table?.updateComplete)
        .then(() => {
          if (group !== undefined) app.focusPane('list');
          const head = finder.lines.findIndex((line) => line.kind === 'group' && line.group === group);
          app.table?.bringIntoView(head >= 0 ? head : lineOf(finder.lines, row, ui.grouping), head < 0);
        });
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
    if (message.type === 'matrix') return matrix.receive(message.reply);
    if (message.type === 'picture') return actOnPicture(message.picture, message.action);
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
  document.addEventListener(DEFINITION_EVENT, (event) => host.post((event as CustomEvent<DefinitionFromView>).detail));
  document.addEventListener(PICTURE_EVENT, (event) => host.post((event as CustomEvent<PictureFromView>).detail));
  onThemeChange(() => app.spectra?.redraw());

  app.view = view;
  app.version = 0;
  (document.getElementById('app') ?? document.body).append(app);
  host.post({ type: 'ready' });
}
start();
