/** Entry of the page of several checkpoints: messages in, the model, one element on the page, UI state kept over a reload. */
import type { SeveralFromView, SeveralToView } from '../../src/protocol/severalViews.ts';
import type { DefinitionFromView, PictureFromView } from '../../src/protocol/views.ts';
import { listenForDrops } from '../shared/drop.ts';
import { connectHost } from '../shared/host.ts';
import { actOnPicture, PICTURE_EVENT } from '../shared/picture.ts';
import { onThemeChange } from '../shared/scales.ts';
import { DEFINITION_EVENT } from '../shared/term.ts';
import './app.ts';
import type { App } from './app.ts';
import { SeveralModel } from './model.ts';
import { readUi, type Ui, type View } from './view.ts';

/** While results come the page is drawn anew no more often than every so many of its own drawing times. */
const PAUSE = 6;

function start(): void {
  const host = connectHost<SeveralToView, SeveralFromView>();
  const model = new SeveralModel();
  const app = document.createElement('ox-several') as App;
  let ui: Ui = readUi(host.getState());
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** when results may show, milliseconds of the page's clock */
  let dueAt = 0;

  const draw = (): void => {
    frame = 0;
    const begin = performance.now();
    document.body.dataset['phase'] = model.state?.phase ?? '';
    app.version = (app.version ?? 0) + 1;
    void app.updateComplete.then(() => {
      const end = performance.now();
      dueAt = end + PAUSE * (end - begin);
    });
  };
  const refresh = (): void => {
    frame ||= requestAnimationFrame(draw);
  };
  /** What comes by the hundred waits for its turn; what the reader does shows at once. */
  const refreshLater = (): void => {
    const wait = model.state?.phase === 'running' ? dueAt - performance.now() : 0;
    if (wait <= 0) return refresh();
    timer ??= setTimeout(() => {
      timer = null;
      refresh();
    }, wait);
  };
  const view: View = {
    model,
    get ui() {
      return ui;
    },
    post: (message) => host.post(message),
    set: (change) => {
      ui = { ...ui, ...change };
      host.setState(ui);
      refresh();
    },
  };
  /** Something is selected from the start: the first cell, until the reader chooses. */
  const selectFirst = (): void => {
    const isKnown = ui.cell && model.layers.includes(ui.cell.layer) && model.modules.includes(ui.cell.module);
    const [layer] = model.layers;
    const [module] = model.modules;
    if (!isKnown && layer !== undefined && module !== undefined) ui = { ...ui, cell: { layer, module } };
  };

  host.onMessage((message) => {
    if (message.type === 'picture') return actOnPicture(message.picture, message.action);
    // the sentences that follow are others; after a reload of the page they are the same
    if (message.type === 'reset' && model.state !== null && ui.clause !== null) view.set({ clause: null });
    model.apply(message);
    if (message.type === 'state') document.body.dataset['ready'] = 'yes';
    if (message.type === 'plan' || message.type === 'tensors') selectFirst();
    if (message.type === 'results' || message.type === 'progress') refreshLater();
    else refresh();
  });
  document.addEventListener(DEFINITION_EVENT, (event) => host.post((event as CustomEvent<DefinitionFromView>).detail));
  document.addEventListener(PICTURE_EVENT, (event) => host.post((event as CustomEvent<PictureFromView>).detail));
  listenForDrops(document, (uri) => host.post({ type: 'dropped', uri }));
  onThemeChange(() => app.redraw());

  app.view = view;
  app.version = 0;
  document.body.append(app);
  host.post({ type: 'ready' });
}
start();
