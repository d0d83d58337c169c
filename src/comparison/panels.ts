/** The comparison panels of this window: opened, restored after a reload, and wired to their controllers. */
import * as vscode from 'vscode';
import type { Activity } from '../host/activity.ts';
import { checkpointUri } from '../host/checkpointUri.ts';
import { COMPARISON_PANEL } from '../host/contributed.ts';
import type { Log } from '../host/log.ts';
import { copyCommandLine, createPanel, postToFront, setIcon, showPage } from '../host/page.ts';
import { watchFolder } from '../host/watchFolder.ts';
import { openDefinition } from '../host/definitions.ts';
import { receivePicture } from '../host/pictures.ts';
import type { EngineClient } from '../engine/client.ts';
import { receiveMatrix } from '../host/matrix.ts';
import { MatrixRequests } from '../host/matrixRequests.ts';
import type { Answer } from '../answer/clause.ts';
import { toWireError } from '../protocol/errors.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';
import type { ComparisonFromView, ComparisonToView } from '../protocol/views.ts';
import { comparedCheckpoints, ComparisonController } from './controller.ts';
import { SPECTRA_CHOICES, type SpectraChoice } from './cost.ts';
import { droppedUri } from './drop.ts';
import { gpuNotice } from './gpuNotice.ts';
import { PanelTitles } from './panelTitles.ts';
import { exportComparison, exportReport } from './save.ts';
import type { ComparisonSpec, ComparisonStore } from './store.ts';
import { titlesOf } from '../text/shortNames.ts';
import { visible } from '../text/show.ts';

const SPECS_KEY = 'offaxis.comparisons';
/** What readers chose for a pair of checkpoints: it holds when that pair is compared again. */
const PARAMETERS_KEY = 'offaxis.parameters';
const KEPT = 50;

export interface ComparisonServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  log: Log;
  activity: Activity;
  store: ComparisonStore;
  memento: vscode.Memento;
  /** of the machine: which notice about the GPU was shown already */
  toldGpu: vscode.Memento;
  /** the CPU for the rest of the session */
  useCpu(): void;
  openTensor(checkpoint: string, tensor: string): Promise<void>;
  /** a further tuned checkpoint of the base, null: asks for it; both beside each other on a page of their own */
  compareFurther(compared: { base: string; tuned: string }, further: vscode.Uri | null): Promise<void>;
  /** a comparison has every figure that it will have */
  finished(comparison: FinishedComparison): Promise<void>;
}
export interface FinishedComparison {
  base: string;
  tuned: string;
  title: string;
  answer: Answer | null;
}
interface OpenPanel {
  panel: vscode.WebviewPanel;
  controller: ComparisonController;
  matrix: MatrixRequests;
  /** shown as soon as the page is ready */
  toReveal?: string;
}

export class ComparisonPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly open = new Set<OpenPanel>();
  private readonly titles: PanelTitles<ComparisonSpec>;

  constructor(private readonly services: ComparisonServices) {
    this.titles = new PanelTitles(
      services.memento,
      SPECS_KEY,
      (one, other) => one.base === other.base && one.tuned === other.tuned,
    );
  }

  /** Shows the comparison; one that is open already is brought to the front. */
  async compare(base: string, tuned: string): Promise<void> {
    const present = [...this.open].find(
      ({ controller }) => controller.spec.base === base && controller.spec.tuned === tuned,
    );
    if (present) return present.panel.reveal();
    const chosen = this.chosenParameters(base, tuned);
    const spec: ComparisonSpec = { base, tuned, parameters: chosen ?? DEFAULT_PARAMETERS };
    const titles = titlesOf(base, tuned).map((title) => visible(title));
    const title = await this.titles.remember(spec, titles);
    const controller = this.createController(spec, title);
    this.wire(createPanel(this.services.extensionUri, COMPARISON_PANEL, title), controller);
    await controller.open({ decides: chosen === undefined });
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    const spec = this.titles.find(panel.title);
    if (!spec) {
      this.services.log.warn(`the panel "${panel.title}" is closed: its comparison is not known any more`);
      panel.dispose();
      return;
    }
    const controller = this.createController(spec, panel.title);
    this.wire(panel, controller);
    await controller.restore();
  }

  /** Shows an open comparison, or opens it, at a tensor if one is named. */
  async reveal(base: string, tuned: string, tensor: string | null): Promise<void> {
    const isIt = ({ controller }: OpenPanel): boolean =>
      controller.spec.base === base && controller.spec.tuned === tuned;
    const present = [...this.open].find(isIt);
    if (tensor !== null && present?.panel.visible)
      void present.panel.webview.postMessage({ type: 'reveal', name: tensor } satisfies ComparisonToView);
    else if (tensor !== null && present) present.toReveal = tensor;
    await this.compare(base, tuned);
  }

  /** To the page of the comparison in front. False: there is none. */
  post(message: ComparisonToView): boolean {
    return postToFront(
      [...this.open].map(({ panel }) => panel),
      message,
    );
  }

  /** What the open comparisons have computed, the one in front first. */
  get known(): ComparisonController['known'][] {
    return [...this.open]
      .sort((a, b) => Number(b.panel.active) - Number(a.panel.active))
      .map(({ controller }) => controller.known);
  }

  /** The comparison in front, or the only one there is. */
  get active(): ComparisonController | undefined {
    const all = [...this.open];
    return (all.find(({ panel }) => panel.active) ?? (all.length === 1 ? all[0] : undefined))?.controller;
  }

  /** Ends every run; what was computed is saved first. */
  async close(): Promise<void> {
    await Promise.all([...this.open].map(({ controller }) => controller.dispose()));
  }
  dispose(): void {
    void this.close();
  }

  /** `title`: of its panel, under which it is found again after a reload of the window. */
  private createController(spec: ComparisonSpec, title: string): ComparisonController {
    const { engine, store, log, activity } = this.services;
    const owner = {};
    return new ComparisonController(spec, {
      engine,
      store,
      log,
      watchFolder,
      gpuNotice: (gpu) => gpuNotice(gpu, this.services.toldGpu),
      spectra: spectraChoice,
      onSpec: (changed) => void this.titles.keep(title, changed),
      onActivity: (text) => activity.report(owner, text),
      onDone: (title, answer) => {
        const { base, tuned } = spec;
        this.services
          .finished({ base, tuned, title, answer })
          .catch((error: unknown) => log.error(toWireError(error).message));
      },
    });
  }

  private wire(panel: vscode.WebviewPanel, controller: ComparisonController): void {
    const { extensionUri, log } = this.services;
    const matrix = new MatrixRequests(
      this.services.engine,
      comparedCheckpoints(controller.spec),
      (reply) => void panel.webview.postMessage({ type: 'matrix', reply } satisfies ComparisonToView),
    );
    const entry: OpenPanel = { panel, controller, matrix };
    this.open.add(entry);
    panel.onDidDispose(() => {
      this.open.delete(entry);
      matrix.cancelAll();
      void controller.dispose();
    });
    panel.onDidChangeViewState(() => void (panel.active && controller.lookAtDisk()));
    setIcon(panel, extensionUri);
    showPage(panel.webview, {
      ...{ extensionUri, log, page: 'comparison', title: panel.title },
      receive: (message: ComparisonFromView) => this.receive(message, entry),
    });
  }

  private async receive(message: ComparisonFromView, entry: OpenPanel): Promise<unknown> {
    const { panel, controller } = entry;
    const post = (update: ComparisonToView): void => void panel.webview.postMessage(update);
    switch (message.type) {
      case 'ready':
        entry.matrix.cancelAll();
        controller.attach(post);
        if (entry.toReveal !== undefined) post({ type: 'reveal', name: entry.toReveal });
        delete entry.toReveal;
        return;
      case 'matrix':
        return receiveMatrix(message.request, entry.matrix);
      case 'start':
        return controller.start();
      case 'parameters':
        await controller.setParameters(message.change);
        return this.choose(controller.spec);
      case 'computeSpectra':
        await controller.computeSpectra();
        return this.choose(controller.spec);
      case 'choose': {
        const [base, tuned] = [checkpointUri(controller.spec.base), checkpointUri(controller.spec.tuned)];
        return message.side === 'base'
          ? vscode.commands.executeCommand('offaxis.compareCheckpoints', undefined, tuned)
          : vscode.commands.executeCommand('offaxis.compareCheckpoints', base);
      }
      case 'swap':
        return this.compare(controller.spec.tuned, controller.spec.base);
      case 'reload':
        return controller.reload();
      case 'cancel':
        return controller.cancel();
      case 'resume':
        return controller.resume();
      case 'retry':
        return controller.retry(message.name);
      case 'prioritize':
        return controller.prioritize(message.name);
      case 'exportFigure':
        return vscode.commands.executeCommand('offaxis.exportComparisonFigure');
      case 'savePicture':
      case 'copyText':
        return receivePicture(message, controller.spec.base, controller.spec.tuned);
      case 'definition':
        return openDefinition(message, this.services.extensionUri);
      case 'export':
        return exportComparison(controller);
      case 'exportReport':
        return exportReport(controller);
      case 'copyCommandLine':
        return copyCommandLine(controller.view.commandLine);
      case 'useCpu':
        this.services.useCpu();
        return controller.retry();
      case 'showGpuInformation':
        return vscode.commands.executeCommand('offaxis.showGpuInformation');
      case 'dismissNotice':
        return controller.dismissNotice();
      case 'dropped':
        return this.services.compareFurther(controller.spec, droppedUri(message.uri));
      case 'addRun':
        return this.services.compareFurther(controller.spec, null);
      case 'chooseAnother':
        return vscode.commands.executeCommand('offaxis.compareCheckpoints');
      case 'openTensor':
        return this.services.openTensor(controller.spec[message.side], message.name);
      case 'showLog':
        return vscode.commands.executeCommand('offaxis.showLog');
      default:
        return this.services.log.warn(
          `unknown message from the comparison: ${JSON.stringify(message satisfies never)}`,
        );
    }
  }

  private choices(): Map<string, ComparisonParameters> {
    return new Map(this.services.memento.get<[string, ComparisonParameters][]>(PARAMETERS_KEY, []));
  }
  private chosenParameters(base: string, tuned: string): ComparisonParameters | undefined {
    return this.choices().get(pairKey(base, tuned));
  }
  private async choose({ base, tuned, parameters }: ComparisonSpec): Promise<void> {
    const choices = this.choices();
    choices.delete(pairKey(base, tuned));
    choices.set(pairKey(base, tuned), parameters);
    await this.services.memento.update(PARAMETERS_KEY, [...choices].slice(-KEPT));
  }
}
/** As set; what is none is automatic. */
function spectraChoice(): SpectraChoice {
  const value = vscode.workspace.getConfiguration('offaxis').get('wholeSpectra');
  return SPECTRA_CHOICES.find((choice) => choice === value) ?? 'automatic';
}
const pairKey = (base: string, tuned: string): string => JSON.stringify([base, tuned]);
