/** GPU or CPU, why, and what could be done about it: a pure function of what was found. */
import type { AdapterFacts, BackendRequest, EngineRuntime, GpuReport, ProbeResult } from '../../protocol/gpu.ts';

/** What was found, as far as the search went: each step needs the one before. */
export interface Evidence {
  requested: BackendRequest;
  runtime: EngineRuntime;
  /** why there is no library; null when it is loaded; undefined when nobody looked */
  library: { reason: string; remedy: string | null } | null | undefined;
  adapter: AdapterFacts | null;
  /** why no adapter or device could be had, in the driver's words */
  error: string | null;
  probe: ProbeResult | null;
  /** an earlier process crashed during GPU work */
  suspect: boolean;
}
export type Choice = Pick<GpuReport, 'chosen' | 'why' | 'remedy' | 'needsNode'>;

export function choose(evidence: Evidence): Choice {
  const { requested, runtime, library, adapter, error, probe, suspect } = evidence;
  const cpu = (why: string, remedy: string | null = null, needsNode = false): Choice => ({
    chosen: 'cpu',
    why,
    remedy,
    needsNode,
  });
  if (requested === 'cpu') return cpu('The CPU was asked for.');
  if (suspect)
    return cpu(
      'The engine crashed during GPU work, so the device is suspect and the CPU is used until the window is reloaded.',
      'Update the graphics driver, or set offaxis.backend to "cpu".',
    );
  if (library) return cpu(sentence(library.reason), library.remedy);
  if (!adapter)
    return cpu(error ? sentence(`the GPU can not be opened (${error})`) : 'No GPU was found.', driverRemedy(runtime));
  if (adapter.kind === 'software' && requested === 'auto')
    return cpu(
      `The only adapter is ${adapter.name}, which computes on the CPU itself and is slower than the CPU backend.`,
      'Set offaxis.backend to "gpu" (--backend gpu) to use it all the same.',
    );
  if (error) return cpu(sentence(`${adapter.name} can not be opened (${error})`), driverRemedy(runtime));
  if (probe?.ok)
    return {
      chosen: 'gpu',
      why:
        adapter.kind === 'software'
          ? `${adapter.name} was asked for, although it is a software adapter.`
          : `${adapter.name} works: the read-back probe passed.`,
      remedy: null,
      needsNode: false,
    };
  const reason = probe?.reason ?? 'not tried';
  if (runtime.kind === 'electron')
    return cpu(
      `${adapter.name} can not be read back from VS Code's own runtime, Electron ${runtime.electron ?? ''} (${reason}).`,
      'Install Node.js 22 or newer, or name it in offaxis.nodePath: the engine then runs on it.',
      true,
    );
  return cpu(`${adapter.name} did not pass the read-back probe (${reason}).`, driverRemedy(runtime));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
function driverRemedy({ platform }: EngineRuntime): string {
  switch (platform) {
    case 'linux':
      return "Install the card's Vulkan driver and the Vulkan loader (libvulkan1); in a container, pass the device in.";
    case 'win32':
      return 'Install the current driver of the graphics card.';
    default:
      return 'Update the system: the graphics driver comes with it.';
  }
}
