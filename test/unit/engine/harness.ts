/** Real child processes for the tests: bundles the scripted engine once and starts clients over it. */
import { build } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient, type EngineClientOptions } from '../../../src/engine/client.ts';
import { launchEngine, type EngineProcess } from '../../../src/engine/launch.ts';

export interface Harness {
  /** `start`: more arguments and the program, asked at every start */
  client(
    pairs: string[],
    options?: Partial<EngineClientOptions>,
    start?: () => { flags?: string[]; execPath?: string | null },
  ): EngineClient;
  /** what the engine processes wrote down, in order */
  journal(): string[];
  processes: EngineProcess[];
  log: string[];
  close(): Promise<void>;
}

export async function createHarness(): Promise<Harness> {
  const directory = mkdtempSync(join(tmpdir(), 'offaxis-engine-'));
  const file = join(directory, 'engine.mjs');
  const journal = join(directory, 'journal');
  writeFileSync(journal, '');
  await build({
    entryPoints: [join(import.meta.dirname, 'scripted.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  const clients: EngineClient[] = [];
  const processes: EngineProcess[] = [];
  const log: string[] = [];
  const write = (message: string): void => void log.push(message);
  return {
    processes,
    log,
    client(pairs, options, start = () => ({})) {
      const launch = (): EngineProcess => {
        const { flags = [], execPath = null } = start();
        const engine = launchEngine({
          file,
          arguments: [pairs.join(','), journal, ...flags],
          execPath,
          log: { info: write, debug: write, warn: write, error: write },
        });
        processes.push(engine);
        return engine;
      };
      const client = new EngineClient({
        launch,
        log: { info: write, debug: write, warn: write, error: write },
        ...options,
      });
      clients.push(client);
      return client;
    },
    journal: () => readFileSync(journal, 'utf8').split('\n').slice(0, -1),
    async close() {
      for (const client of clients) client.dispose();
      await Promise.all(processes.map((engine) => engine.ended));
      rmSync(directory, { recursive: true });
    },
  };
}
