/** The custom editor for one checkpoint. */
import * as vscode from 'vscode';
import { basename } from '../bytes/index.ts';
import type { EngineClient } from '../engine/client.ts';
import type { CheckpointFacts } from '../protocol/engine.ts';
import { bytes } from '../protocol/format.ts';
import type { WireError } from '../protocol/errors.ts';
import type { InspectorFromView, InspectorToView } from '../protocol/views.ts';
import type { Activity } from '../host/activity.ts';
import type { BaseSelection } from './baseSelection.ts';
import { checkpointPath, checkpointUri } from '../host/checkpointUri.ts';
import { INSPECTOR } from '../host/contributed.ts';
import { openDefinition } from '../host/definitions.ts';
import { showPage } from '../host/page.ts';
import type { Log } from '../host/log.ts';
import { receiveMatrix } from '../host/matrix.ts';
import { MatrixRequests } from '../host/matrixRequests.ts';
import { receivePicture } from '../host/pictures.ts';
import { revisionHtml, revisionOptions } from './revisionPage.ts';
import { InspectorSession, type InspectorResults } from './session.ts';
import { watchFolder } from '../host/watchFolder.ts';
import { label } from '../text/show.ts';

/** What VS Code's Git gives to the sides of a diff that are not files. */
const GIT_SCHEME = 'git';

export interface InspectorServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  log: Log;
  activity: Activity;
  base: BaseSelection;
}

class InspectorDocument implements vscode.CustomDocument {
  readonly session: InspectorSession;
  readonly pages = new Set<(message: InspectorToView) => void>();
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    readonly uri: vscode.Uri,
    { engine, log, activity, base }: InspectorServices,
  ) {
    const path = pathOf(uri);
    const name = basename(path);
    const services = {
      engine,
      log,
      watchFolder,
      baseSelected: () => base.path,
      mayDownload: (size: number) => mayDownload(path, size),
      onActivity: (text: string | null) => activity.report(this, text && `${name}, ${text}`),
    };
    this.session = new InspectorSession(path, services, refusalOf(uri));
    this.disposables.push(base.onDidChange(() => this.session.refreshFacts()));
  }

  dispose(): void {
    this.session.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }
}

async function mayDownload(address: string, size: number): Promise<boolean> {
  const download = vscode.l10n.t('Download');
  const detail = vscode.l10n.t('What was downloaded before and is still kept does not travel again.');
  const question = vscode.l10n.t('Download about {0} of {1}?', bytes(size), label(basename(address)));
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, download)) === download;
}

const pathOf = (uri: vscode.Uri): string => checkpointPath(uri) ?? uri.fsPath;

/** Offaxis reads by ranges, which VS Code's own file system API does not offer: only files on disk and our own remote addresses are opened. */
function refusalOf(uri: vscode.Uri): WireError | undefined {
  if (checkpointPath(uri) !== null) return undefined;
  return {
    code: 'read-failed',
    message: vscode.l10n.t(
      '{0} lies on a virtual file system ("{1}"). Offaxis reads checkpoints in ranges, from disk: copy it to a folder, or open that folder over SSH, WSL or a container.',
      uri.toString(true),
      uri.scheme,
    ),
  };
}

export class InspectorProvider implements vscode.CustomReadonlyEditorProvider<InspectorDocument> {
  private readonly documents = new Map<string, InspectorDocument>();
  private readonly reveals = new Map<string, string>();

  private active: { uri: vscode.Uri; panel: vscode.WebviewPanel } | undefined;

  constructor(private readonly services: InspectorServices) {}

  /** The checkpoint whose editor is in front. */
  get activeUri(): vscode.Uri | undefined {
    return this.active?.panel.active ? this.active.uri : undefined;
  }

  /** To the page in front. False: there is none. */
  post(message: InspectorToView): boolean {
    const front = this.active?.panel.active ? this.active.panel : undefined;
    void front?.webview.postMessage(message);
    return front !== undefined;
  }

  /** What the open checkpoints have computed, the one in front first. */
  get known(): InspectorResults[] {
    const front = this.activeUri?.toString();
    return [...this.documents]
      .sort(([a], [b]) => Number(b === front) - Number(a === front))
      .map(([, { session }]) => session.known);
  }

  /** Undefined until its header is read. */
  factsOf(uri: vscode.Uri): CheckpointFacts | undefined {
    return this.documents.get(uri.toString())?.session.known.facts ?? undefined;
  }

  /** Opens the checkpoint's editor, at a tensor if one is named. */
  async open(uri: vscode.Uri, tensor?: string, viewColumn?: vscode.ViewColumn): Promise<void> {
    if (tensor !== undefined) this.reveals.set(uri.toString(), tensor);
    // What others use too (.bin, .pt) is opened by choice only, as indexes are.
    const viewType = /\.(safetensors|gguf)$/i.test(uri.path) ? INSPECTOR.file : INSPECTOR.index;
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType, viewColumn);
    this.reveal(uri);
  }

  /** Opens the checkpoint's editor if it is not open, and scans it for problems there. */
  async scan(uri: vscode.Uri): Promise<void> {
    await this.open(uri);
    await this.documents.get(uri.toString())?.session.scan();
  }

  openCustomDocument(uri: vscode.Uri): InspectorDocument {
    const document = new InspectorDocument(uri, this.services);
    // a revision is not read, and its path is that of another file
    if (uri.scheme === GIT_SCHEME) return document;
    this.documents.set(uri.toString(), document);
    document.session.prepare();
    return document;
  }

  resolveCustomEditor(document: InspectorDocument, panel: vscode.WebviewPanel): void {
    const { extensionUri, log } = this.services;
    const { session, uri } = document;
    if (uri.scheme === GIT_SCHEME) return showRevision(uri, panel);
    const post = (message: InspectorToView): void => void panel.webview.postMessage(message);
    const matrix = new MatrixRequests(this.services.engine, { path: pathOf(uri) }, (reply) =>
      post({ type: 'matrix', reply }),
    );
    let detach: (() => void) | undefined;
    this.active = { uri, panel };
    panel.onDidChangeViewState(() => {
      if (!panel.active) return;
      this.active = { uri, panel };
      void session.lookAtDisk();
    });
    panel.onDidDispose(() => {
      if (this.active?.panel === panel) this.active = undefined;
      detach?.();
      matrix.cancelAll();
      document.pages.delete(post);
      if (document.pages.size === 0) this.documents.delete(uri.toString());
    });
    const receive = async (message: InspectorFromView): Promise<unknown> => {
      switch (message.type) {
        case 'ready':
          // A page that was hidden is built anew and says so again.
          detach?.();
          matrix.cancelAll();
          document.pages.add(post);
          detach = await session.attach(post);
          return this.reveal(uri);
        case 'statistics':
          return session.requestStatistics(message.tensors);
        case 'spectra':
          return session.requestSpectra(message.tensors);
        case 'updates':
          return session.requestUpdates();
        case 'cancel':
          return session.cancel();
        case 'scan':
          return session.scan();
        case 'cancelScan':
          return session.cancelScan();
        case 'digest':
          return session.digest(message.tensor);
        case 'cancelDigest':
          return session.cancelDigest();
        case 'copy':
          return vscode.env.clipboard.writeText(message.text);
        case 'retry':
          return session.reload();
        case 'matrix':
          return receiveMatrix(message.request, matrix, uri);
        case 'savePicture':
        case 'copyText':
          return receivePicture(message, pathOf(uri));
        case 'openWhole': {
          const whole = session.known.facts?.whole;
          return whole === undefined ? undefined : this.open(checkpointUri(whole));
        }
        case 'definition':
          return openDefinition(message, extensionUri);
        case 'compareWithBase':
          return vscode.commands.executeCommand('offaxis.compareWithBaseFromEditor', uri);
        case 'showLog':
          return vscode.commands.executeCommand('offaxis.showLog');
        default:
          return log.warn(`unknown message from the inspector: ${JSON.stringify(message satisfies never)}`);
      }
    };
    showPage(panel.webview, { extensionUri, page: 'inspector', title: basename(pathOf(uri)), log, receive });
  }

  /** To every page of the document that is there; a page still loading asks again when it is ready. */
  private reveal(uri: vscode.Uri): void {
    const tensor = this.reveals.get(uri.toString());
    const pages = this.documents.get(uri.toString())?.pages;
    if (tensor === undefined || !pages?.size) return;
    for (const post of pages) post({ type: 'reveal', tensor });
    this.reveals.delete(uri.toString());
  }
}

/** One side of a diff: nothing of it is read until it is compared. */
function showRevision(uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  panel.webview.options = revisionOptions;
  panel.webview.html = revisionHtml(uri, basename(uri.path));
}
