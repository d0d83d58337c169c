/** What an open adapter does by itself: asked of the engine once a page wants it, and kept. Knows nothing of VS Code. */
import type { EngineClient } from '../engine/client.ts';
import type { EngineLog } from '../engine/launch.ts';
import { toWireError } from '../protocol/errors.ts';
import type { AdapterUpdate } from '../protocol/results.ts';
import type { InspectorToView } from '../protocol/views.ts';

export interface UpdatesServices {
  engine: Pick<EngineClient, 'stream'>;
  log: EngineLog;
  tell(message: InspectorToView): void;
}

export class AdapterUpdates {
  private values: AdapterUpdate[] = [];
  private done = false;
  private running: AbortController | null = null;

  constructor(
    private readonly path: string,
    private readonly services: UpdatesServices,
  ) {}

  /** A second wish while they are computed, or once they are there, changes nothing. */
  async request(): Promise<void> {
    if (this.running || this.done) return;
    const run = new AbortController();
    this.running = run;
    this.values = [];
    const { engine, log, tell } = this.services;
    const params = {
      path: this.path,
      tensors: [],
      statistics: false,
      spectra: false,
      updates: true as const,
      includeEmbeddings: false,
    };
    try {
      for await (const event of engine.stream('inspect', params, run.signal)) {
        if (event.type === 'update') this.values.push(event.value);
        else if (event.type === 'failed') tell({ type: 'failed', name: event.name, error: event.error });
      }
      this.done = true;
      tell({ type: 'updates', values: this.values });
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code === 'cancelled') return;
      log.error(`${this.path}: ${wire.message}`);
      tell({ type: 'error', error: wire });
    } finally {
      if (this.running === run) this.running = null;
    }
  }

  /** For a page that comes later. */
  show(post: (message: InspectorToView) => void): void {
    if (this.done) post({ type: 'updates', values: this.values });
  }
  cancel(): void {
    this.running?.abort();
  }
  /** The file is read anew. */
  clear(): void {
    this.cancel();
    this.running = null;
    this.values = [];
    this.done = false;
  }
}
