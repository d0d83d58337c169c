/** Entry of the comparison page: messages in, the model, one element on the page, UI state kept over a reload. */
import type {
  ComparisonFromView,
  ComparisonToView,
  DefinitionFromView,
  PictureFromView,
} from '../../src/protocol/views.ts';
import { connectHost } from '../shared/host.ts';
import { MatrixClient } from '../shared/matrix-client.ts';
import { actOnPicture, PICTURE_EVENT } from '../shared/picture.ts';
import { onThemeChange } from '../shared/scales.ts';
import { DEFINITION_EVENT } from '../shared/term.ts';
import './app.ts';
import type { App } from './app.ts';
import { listenForDrops } from '../shared/drop.ts';
import { saveFigure } from './figure.ts';
import { ComparisonModel } from './model.ts';
import { standingOf } from './standing.ts';
import { readUi, type Ui, type View } from './view.ts';

const parametersOf = ({ state }: ComparisonModel): string | null => state && JSON.stringify(state.parameters);

function start(): void {
  const host = connectHost<ComparisonToView, ComparisonFromView>();
  const model = new ComparisonModel();
  const app = document.createElement('ox-comparison') as App;
  let ui: Ui = readUi(host.getState());
  let asked = '';
  /** until the reader chooses, the matrix that stands out most is selected once all are computed */
  let isChosen = ui.cell !== null;
  let frame = 0;

  const refresh = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      document.body.dataset['phase'] = model.state?.phase ?? '';
      app.version = (app.version ?? 0) + 1;
    });
  };
  /** A pending matrix that is looked at moves to the front of the queue; asked once for each. */
  const prioritize = (): void => {
    if (!ui.cell || model.state?.phase !== 'running') return;
    const pairs = model.matricesAt(ui.cell.layer, ui.cell.module);
    const pair = pairs.find((p) => p.name === ui.member) ?? pairs[0];
    if (!pair || pair.name === asked || model.status(pair) !== 'pending') return;
    asked = pair.name;
    host.post({ type: 'prioritize', name: pair.name });
  };
  const matrix = new MatrixClient((request) => host.post({ type: 'matrix', request }));
  const view: View = {
    model,
    matrix,
    get ui() {
      return ui;
    },
    post: (message) => host.post(message),
    set: (change) => {
      if (change.cell) isChosen = true;
      ui = { ...ui, ...change };
      host.setState(ui);
      prioritize();
      refresh();
    },
  };
  /** Something is selected from the start: the first cell, until the reader chooses. */
  const selectFirst = (): void => {
    const known = ui.cell && model.layers.includes(ui.cell.layer) && model.modules.includes(ui.cell.module);
    const [module] = model.modules;
    const [layer] = model.layers;
    if (!known && module !== undefined && layer !== undefined) ui = { ...ui, cell: { layer, module }, member: null };
  };

  const selectForemost = (): void => {
    const first = standingOf(model, ui.tab).ranked[0]?.pair;
    if (isChosen || model.state?.phase !== 'done' || !first || first.layer === null) return;
    isChosen = true;
    ui = { ...ui, cell: { layer: first.layer, module: first.module }, member: first.name };
  };

  const reveal = (name: string): void => {
    const pair =
      model.matrices.find((p) => p.name === name) ?? model.matrices.find((p) => p.name.startsWith(`${name}#`));
    if (pair && pair.layer !== null) view.set({ cell: { layer: pair.layer, module: pair.module }, member: pair.name });
  };

  host.onMessage((message) => {
    if (message.type === 'reveal') return reveal(message.name);
    if (message.type === 'matrix') return matrix.receive(message.reply);
    if (message.type === 'picture') return actOnPicture(message.picture, message.action);
    if (message.type === 'figure') return saveFigure(view, message.white);
    const before = parametersOf(model);
    model.apply(message);
    // other parameters make another answer, in which the pressed clause has another place
    if (before !== null && before !== parametersOf(model)) ui = { ...ui, clause: null };
    if (message.type === 'plan') selectFirst();
    if (message.type === 'state') document.body.dataset['ready'] = 'yes';
    if (message.type === 'state' || message.type === 'results') selectForemost();
    refresh();
  });
  document.addEventListener(DEFINITION_EVENT, (event) => host.post((event as CustomEvent<DefinitionFromView>).detail));
  document.addEventListener(PICTURE_EVENT, (event) => host.post((event as CustomEvent<PictureFromView>).detail));
  listenForDrops(document, (uri) => host.post({ type: 'dropped', uri }));
  // canvases hold pixels, not variables
  onThemeChange(() => app.redraw());

  app.view = view;
  app.version = 0;
  document.body.append(app);
  host.post({ type: 'ready' });
}
start();
