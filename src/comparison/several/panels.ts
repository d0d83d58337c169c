/** The panels of several checkpoints of one base: opened, restored after a reload, and wired to their controllers. */
import * as vscode from 'vscode';
import type { EngineClient } from '../../engine/client.ts';
import type { Activity } from '../../host/activity.ts';
import { SEVERAL_PANEL } from '../../host/contributed.ts';
import { openDefinition } from '../../host/definitions.ts';
import type { Log } from '../../host/log.ts';
import { copyCommandLine, createPanel, postToFront, setIcon, showPage } from '../../host/page.ts';
import { receivePicture } from '../../host/pictures.ts';
import { DEFAULT_PARAMETERS } from '../../protocol/results.ts';
import type { SeveralFromView, SeveralToView } from '../../protocol/severalViews.ts';
import { droppedUri } from '../drop.ts';
import { PanelTitles } from '../panelTitles.ts';
import { exportSeveral } from '../save.ts';
import { SeveralController } from './controller.ts';
import { pathsOf, titlesOf, type SeveralSpec, type SeveralStore } from './spec.ts';
import { stepFolder } from './stepFolder.ts';

const SPECS_KEY = 'offaxis.several';

export interface SeveralServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  log: Log;
  activity: Activity;
  store: SeveralStore;
  memento: vscode.Memento;
  openTensor(checkpoint: string, tensor: string): Promise<void>;
  /** an ordinary comparison, at a tensor if one is named */
  openPair(base: string, tuned: string, tensor: string | null): Promise<void>;
  /** asks for a further tuned checkpoint; undefined: the reader backed out */
  chooseRun(known: readonly string[]): Promise<string | undefined>;
  checkpointAt(uri: vscode.Uri): Promise<string | undefined>;
}
interface OpenPanel {
  panel: vscode.WebviewPanel;
  controller: SeveralController;
}

export class SeveralPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly open = new Set<OpenPanel>();
  private readonly titles: PanelTitles<SeveralSpec>;

  constructor(private readonly services: SeveralServices) {
    this.titles = new PanelTitles(services.memento, SPECS_KEY, isSame);
  }

  /** Runs of one base beside each other; a page of the same ones is brought to the front. */
  compareRuns(base: string, tuned: readonly string[]): Promise<void> {
    const runs = tuned.map((path) => ({ path, step: null }));
    return this.show({ ...common(base), kind: 'runs', baseStep: null, runs, folder: null });
  }
  /** The steps that a folder holds and will hold. */
  compareSteps(base: { path: string; step: number }, folder: string): Promise<void> {
    return this.show({ ...common(base.path), kind: 'steps', baseStep: base.step, runs: [], folder });
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    const spec = this.titles.find(panel.title);
    if (!spec) {
      this.services.log.warn(`the panel "${panel.title}" is closed: its comparison is not known any more`);
      panel.dispose();
      return;
    }
    await this.wire(panel, spec).restore();
  }

  /** To the page in front. False: there is none. */
  post(message: SeveralToView): boolean {
    return postToFront(
      [...this.open].map(({ panel }) => panel),
      message,
    );
  }

  /** Ends every run; what was computed is saved first. */
  async close(): Promise<void> {
    await Promise.all([...this.open].map(({ controller }) => controller.dispose()));
  }
  dispose(): void {
    void this.close();
  }

  private async show(spec: SeveralSpec): Promise<void> {
    const present = [...this.open].find(({ controller }) => isSame(controller.spec, spec));
    if (present) return present.panel.reveal();
    const title = await this.titles.remember(spec, titles(spec));
    await this.wire(createPanel(this.services.extensionUri, SEVERAL_PANEL, title), spec).open();
  }

  private wire(panel: vscode.WebviewPanel, spec: SeveralSpec): SeveralController {
    const { extensionUri, engine, store, log, activity } = this.services;
    const owner = {};
    const controller = new SeveralController(spec, {
      engine,
      store,
      log,
      stepFolder: (folder) => stepFolder(folder, engine),
      onSpec: (changed) => void this.rename(panel, changed),
      onActivity: (text) => activity.report(owner, text),
    });
    const entry: OpenPanel = { panel, controller };
    this.open.add(entry);
    panel.onDidDispose(() => {
      this.open.delete(entry);
      void controller.dispose();
    });
    panel.onDidChangeViewState(() => void (panel.active && controller.lookAtDisk()));
    setIcon(panel, extensionUri);
    showPage(panel.webview, {
      ...{ extensionUri, log, page: 'several', title: panel.title },
      receive: (message: SeveralFromView) => this.receive(message, entry),
    });
    return controller;
  }

  /** The page shows other checkpoints from now on: its title says so, and stands for them. */
  private async rename(panel: vscode.WebviewPanel, spec: SeveralSpec): Promise<void> {
    // Of one folder, or with other parameters, the title stays.
    if (spec.kind === 'steps') return this.titles.keep(panel.title, spec);
    const known = this.titles.find(panel.title);
    if (known && isSame(known, spec)) return this.titles.keep(panel.title, spec);
    panel.title = await this.titles.remember(spec, titles(spec));
  }

  private async receive(message: SeveralFromView, { panel, controller }: OpenPanel): Promise<unknown> {
    const { spec } = controller;
    const at = (run: number | null): string => (run === null ? spec.base : (spec.runs[run]?.path ?? spec.base));
    switch (message.type) {
      case 'ready':
        return controller.attach((update: SeveralToView) => void panel.webview.postMessage(update));
      case 'start':
      case 'resume':
        return controller.start();
      case 'cancel':
        return controller.cancel();
      case 'retry':
        return controller.retry();
      case 'parameters':
        return controller.setParameters(message.change);
      case 'addRun': {
        const path = await this.services.chooseRun(pathsOf(spec));
        return path === undefined ? undefined : controller.addRun(path);
      }
      case 'dropped': {
        const path = await this.services.checkpointAt(droppedUri(message.uri));
        return path === undefined ? undefined : controller.addRun(path);
      }
      case 'removeRun':
        return controller.removeRun(message.run);
      case 'include':
        return controller.include(message.steps);
      case 'follow':
        return controller.setFollow(message.on);
      case 'openPair':
        return this.services.openPair(at(message.from), at(message.to), message.tensor ?? null);
      case 'openTensor':
        return this.services.openTensor(at(message.run), message.name);
      case 'export':
        return exportSeveral(controller, panel.title);
      case 'savePicture':
      case 'copyText':
        return receivePicture(message, spec.base, at(0));
      case 'definition':
        return openDefinition(message, this.services.extensionUri);
      case 'copyCommandLine':
        return copyCommandLine(controller.view.commandLine);
      case 'showLog':
        return vscode.commands.executeCommand('offaxis.showLog');
      default:
        return this.services.log.warn(
          `unknown message from several checkpoints: ${JSON.stringify(message satisfies never)}`,
        );
    }
  }
}

const common = (base: string): Pick<SeveralSpec, 'base' | 'parameters' | 'follow'> => ({
  base,
  parameters: DEFAULT_PARAMETERS,
  follow: false,
});
const titles = (spec: SeveralSpec): string[] => titlesOf(spec, (folder) => vscode.l10n.t('Steps of {0}', folder));

/** Steps of one folder from one base are one comparison, however many there are by now. */
function isSame(one: SeveralSpec, other: SeveralSpec): boolean {
  if (one.kind !== other.kind || one.base !== other.base || one.folder !== other.folder) return false;
  return one.folder !== null || JSON.stringify(pathsOf(one)) === JSON.stringify(pathsOf(other));
}
