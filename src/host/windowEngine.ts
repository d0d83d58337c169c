/** The engine of this window: its settings, the program that runs it, and what the window has learned of the GPU. */
import * as vscode from 'vscode';
import { resultsFolder } from '../cache/index.ts';
import { EngineClient } from '../engine/client.ts';
import { launchEngine } from '../engine/launch.ts';
import { backendRequest, engineArguments, type EngineOptions } from '../engine/options.ts';
import { EngineRuntimes, packagedNode } from '../engine/runtime.ts';
import type { Credentials } from './credentials.ts';
import type { Log } from './log.ts';

/** Settings whose change takes a fresh engine. */
const SHAPING = ['backend', 'threads', 'gpuMemory', 'memory', 'nodePath', 'cacheSize'] as const;
/** of the settings */
const GB = 1e9;
/** In GB, the least that the setting takes; package.json says so too. */
const LEAST_MEMORY = 0.5;

interface WindowServices {
  extensionUri: vscode.Uri;
  /** a folder of the extension's own for what is kept between runs */
  caches: string;
  log: Log;
  credentials: Credentials;
}

export class WindowEngine implements vscode.Disposable {
  readonly client: EngineClient;
  /** an engine crashed during GPU work: until the window is reloaded, no GPU */
  private gpuSuspect = false;
  /** "Use CPU" was pressed: until the setting is changed or the window reloaded */
  private cpuChosen = false;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: WindowServices) {
    const { extensionUri, log, credentials } = services;
    const runtimes = new EngineRuntimes(
      () => settings().get<string>('nodePath')?.trim() ?? '',
      packagedNode(vscode.Uri.joinPath(extensionUri, 'dist').fsPath),
      log,
    );
    this.client = new EngineClient({
      log,
      launch: () =>
        launchEngine({
          file: vscode.Uri.joinPath(extensionUri, 'dist', 'engine.mjs').fsPath,
          arguments: engineArguments.format(this.options()),
          execPath: runtimes.execPath,
          log,
        }),
      access: credentials,
      onGpuCrash: (detail) => {
        this.gpuSuspect = true;
        log.warn(`the GPU is suspect (the engine ended during its work: ${detail}); from now on the CPU computes`);
      },
      // A plain Node needs no other.
      ...(process.versions['electron'] === undefined ? {} : { settle: (gpu) => runtimes.settle(gpu) }),
    });
    this.subscriptions = [
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('offaxis.backend')) this.cpuChosen = false;
        if (SHAPING.some((key) => change.affectsConfiguration(`offaxis.${key}`))) this.client.restartWhenIdle();
      }),
      credentials.onDidChange(() => this.client.tell('access', credentials.current())),
    ];
  }

  /** The CPU for the rest of the session, whatever the setting. */
  useCpu(): void {
    this.cpuChosen = true;
    this.client.restartWhenIdle();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.client.dispose();
  }

  /** As set, and as the window has learned since. */
  options(): EngineOptions {
    const values = settings();
    const memory = values.get<number | null>('memory') ?? null;
    const cacheBytes = Math.floor((values.get<number>('cacheSize') ?? 0) * GB);
    return {
      backend: this.cpuChosen ? 'cpu' : backendRequest(values.get('backend')),
      threads: values.get<number>('threads') ?? 0,
      memoryMiB: values.get<number>('gpuMemory') ?? 0,
      memoryBytes: memory ? Math.floor(Math.max(LEAST_MEMORY, memory) * GB) : 0,
      cache: cacheBytes > 0 ? { folder: resultsFolder(this.services.caches), maxBytes: cacheBytes } : null,
      suspect: this.gpuSuspect,
    };
  }
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('offaxis');
}
