/** The program that runs this process. */
import type { EngineRuntime } from '../../protocol/gpu.ts';

export function currentRuntime(): EngineRuntime {
  const { versions, execPath, platform, arch } = process;
  const electron = versions['electron'] ?? null;
  return { kind: electron === null ? 'node' : 'electron', version: versions.node, electron, execPath, platform, arch };
}
