/** Entry of the page of several checkpoints: messages in, the model, one element on the page. */
import type { DefinitionFromView, PictureFromView } from '../../src/protocol/views.ts';
import type { SeveralFromView, SeveralToView } from '../../src/protocol/severalViews.ts';
import { listenForDrops } from '../shared/drop.ts';
import { connectHost } from '../shared/host.ts';
import { actOnPicture, PICTURE_EVENT } from '../shared/picture.ts';
import { DEFINITION_EVENT } from '../shared/term.ts';
import './app.ts';
import type { SeveralApp } from './app.ts';
import { SeveralModel } from './model.ts';

function start(): void {
  const host = connectHost<SeveralToView, SeveralFromView>();
  const model = new SeveralModel();
  const app = document.createElement('ox-several') as SeveralApp;
  let frame = 0;
  const refresh = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      document.body.dataset['phase'] = model.state?.phase ?? '';
      app.version = (app.version ?? 0) + 1;
    });
  };
  host.onMessage((message) => {
    if (message.type === 'picture') return actOnPicture(message.picture, message.action);
    model.apply(message);
    if (message.type === 'state') document.body.dataset['ready'] = 'yes';
    refresh();
  });
  document.addEventListener(DEFINITION_EVENT, (event) => host.post((event as CustomEvent<DefinitionFromView>).detail));
  document.addEventListener(PICTURE_EVENT, (event) => host.post((event as CustomEvent<PictureFromView>).detail));
  listenForDrops(document, (uri) => host.post({ type: 'dropped', uri }));
  app.model = model;
  app.post = (message) => host.post(message);
  app.version = 0;
  document.body.append(app);
  host.post({ type: 'ready' });
}
start();
