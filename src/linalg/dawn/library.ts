/**
 * Finds and loads Dawn, the native WebGPU of npm's `webgpu`. Only the engine process and the command line load it: a driver that
 * crashes must not take the extension host along. Its own index.js is passed over, because a package holds the native file alone.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What the native file exports, as far as it is used here, and what is kept with it. */
interface DawnExports {
  create(options: string[]): GPU;
  [INSTANCES]?: GPU[];
}
const INSTANCES = Symbol('offaxis instances');

export interface DawnLibrary {
  file: string;
  /**
   * A new instance, kept for the life of the process: every adapter, device and buffer works on memory of its instance, also one that
   * is destroyed and waits for its own collection, and the collector knows nothing of that. An instance is small, and there is one for
   * each device that failed.
   */
  create(): GPU;
}
/** Why there is none: for people, a sentence without its full stop. */
export interface NoLibrary {
  file: string | null;
  reason: string;
  remedy: string | null;
}

export const LIBRARY_NAME = 'Dawn (npm webgpu)';

/** The folder of a platform's native file, with its DLLs on Windows. Apple's is one for both processors. */
function dawnTarget(platform: string, arch: string): string {
  return `${platform}-${platform === 'darwin' ? 'universal' : arch}`;
}

/** Where the native file may lie: beside the bundle in an installed extension, in node_modules of a checkout. */
export function dawnCandidates(bundleDirectory: string, platform: string, arch: string): string[] {
  const target = dawnTarget(platform, arch);
  return [
    join(bundleDirectory, 'dawn', `${platform}-${arch}`, 'dawn.node'),
    join(bundleDirectory, 'dawn', target, 'dawn.node'),
    // Not by the package's name: from an installed extension that would search the folders above it, which are not ours.
    join(dirname(bundleDirectory), 'node_modules', 'webgpu', 'dist', target, 'dawn.node'),
  ];
}

/** Loads the library, never throws. `bundleDirectory` is the folder of the running bundle (dist/). */
export function loadDawn(
  bundleDirectory: string,
  { platform, arch }: { platform: string; arch: string } = process,
): DawnLibrary | NoLibrary {
  const file = dawnCandidates(bundleDirectory, platform, arch).find((candidate) => existsSync(candidate));
  if (file === undefined)
    return {
      file: null,
      reason: `this build has no GPU support for ${platform}-${arch}`,
      remedy: `Install the build of Offaxis for ${platform}-${arch}, if there is one.`,
    };
  try {
    // Node keeps a native module, and with it what hangs on its exports, until the process ends.
    const exports = createRequire(import.meta.url)(file) as DawnExports;
    const instances = (exports[INSTANCES] ??= []);
    const create = (): GPU => {
      const gpu = exports.create([]);
      instances.push(gpu);
      return gpu;
    };
    return { file, create };
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    return {
      file,
      reason: `the GPU library does not load on this system (${line.trim()})`,
      // glibc too old, musl, a missing libstdc++: the sentence above names it
      remedy: platform === 'linux' ? 'It needs glibc and libstdc++ of a current distribution.' : null,
    };
  }
}
