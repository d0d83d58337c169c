/**
 * The program that runs the engine: VS Code's own, or a real Node if VS Code's own (Electron) can not read back from the GPU
 * (dawn-gpu/node-webgpu#5). Knows nothing of VS Code.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { GpuReport } from '../protocol/gpu.ts';
import { childEnvironment } from './environment.ts';

export const OLDEST_NODE = 22;
const ASK_MS = 10_000;

/** Nothing else is run: the version, and that it is not Electron in its Node mode. */
const QUESTION = 'process.stdout.write(JSON.stringify([process.versions.node, process.versions.electron ?? null]))';

export type NodeAnswer = { path: string; version: string } | { path: string; reason: string };

/** Runs the program to see whether it is a Node that can run the engine. Never throws. */
export function askNode(path: string): Promise<NodeAnswer> {
  return new Promise((resolve) => {
    execFile(
      path,
      ['-e', QUESTION],
      { timeout: ASK_MS, windowsHide: true, env: childEnvironment() },
      (error, stdout) => {
        if (error) {
          const code = (error as NodeJS.ErrnoException).code;
          return resolve({ path, reason: code === 'ENOENT' ? 'is not there' : 'does not run' });
        }
        resolve(judge(path, stdout));
      },
    );
  });
}
function judge(path: string, answer: string): NodeAnswer {
  let version: unknown;
  let electron: unknown;
  try {
    [version, electron] = JSON.parse(answer) as [unknown, unknown];
  } catch {
    return { path, reason: 'is not Node.js' };
  }
  if (typeof version !== 'string' || electron !== null) return { path, reason: 'is not a plain Node.js' };
  if (!(Number.parseInt(version, 10) >= OLDEST_NODE))
    return { path, reason: `is Node.js ${version}, older than ${OLDEST_NODE}` };
  return { path, version };
}

/** Where the package of this system has a Node of its own: the universal one has none. `dist`: the folder of the bundles. */
export function packagedNode(dist: string, { platform, arch } = process): string {
  return join(dist, 'node', `${platform}-${arch}`, platform === 'win32' ? 'node.exe' : 'node');
}

export interface RuntimeLog {
  info(line: string): void;
  warn(line: string): void;
}

/** Which program starts the engine, decided once from what the first process reports. */
export class EngineRuntimes {
  private replacement: string | null = null;

  /** `nodePath`: the setting, '' if it is not set, asked for when it is needed; `packaged`: the Node of the package, if it has one. */
  constructor(
    private readonly nodePath: () => string,
    private readonly packaged: string,
    private readonly log: RuntimeLog,
  ) {}

  /** Null: the runtime of this process. */
  get execPath(): string | null {
    return this.replacement;
  }

  /** True when the engine is to start anew, on another program. */
  async settle({ needsNode, why }: Pick<GpuReport, 'needsNode' | 'why'>): Promise<boolean> {
    if (!needsNode || this.replacement !== null) return false;
    const named = this.nodePath();
    const candidates =
      named === ''
        ? [
            { program: this.packaged, from: 'of this package' },
            { program: 'node', from: 'on PATH' },
          ]
        : [{ program: named, from: 'named by offaxis.nodePath' }];
    const reasons: string[] = [];
    for (const { program, from } of candidates) {
      const answer = await askNode(program);
      if ('version' in answer) {
        this.replacement = answer.path;
        this.log.info(`${why} The engine starts anew on Node.js ${answer.version} ${from}, ${answer.path}.`);
        return true;
      }
      reasons.push(`"${answer.path}", ${from}, ${answer.reason}`);
    }
    this.log.warn(
      `${why} The CPU is used: ${reasons.join('; ')}. Install Node.js ${OLDEST_NODE} or newer, or name it in offaxis.nodePath.`,
    );
    return false;
  }
}
