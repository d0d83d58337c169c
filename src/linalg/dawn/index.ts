/**
 * The native WebGPU of the engine process and the command line: finds the library, the adapter and a device that works, and says what
 * it found. Needs Node; the kernels in ../webgpu need only the GPUDevice.
 */
import type { BackendRequest, EngineRuntime, GpuReport, ProbeResult } from '../../protocol/gpu.ts';
import { choose } from './choice.ts';
import { DawnDevice, requestAdapter, type FoundAdapter } from './device.ts';
import { LIBRARY_NAME, loadDawn, type DawnLibrary } from './library.ts';
import { memoryCap } from './memory.ts';
import { probeDevice } from './probe.ts';
import { currentRuntime } from './runtime.ts';

export { DawnDevice } from './device.ts';
export { probeDevice } from './probe.ts';

export interface GpuOptions {
  requested: BackendRequest;
  /** folder of the running bundle (dist/) */
  bundleDirectory: string;
  /** MiB of GPU buffers; 0: from the adapter's limits */
  memoryMiB: number;
  /** an earlier process crashed during GPU work */
  suspect: boolean;
  /** for a report: try what there is, whatever the choice */
  probeAnyway?: boolean;
  runtime?: EngineRuntime;
}
export interface FoundGpu {
  report: GpuReport;
  /** open exactly when report.chosen is "gpu"; the caller closes it */
  device: DawnDevice | null;
  /** A fresh device of the same machine, for after a loss. Throws what the driver throws. */
  reopen(): Promise<DawnDevice>;
}

/** Never throws: whatever fails on the way is in the report, and the CPU is chosen. */
export async function findGpu(options: GpuOptions): Promise<FoundGpu> {
  const { requested, bundleDirectory, memoryMiB, suspect, probeAnyway = false, runtime = currentRuntime() } = options;
  const looks = probeAnyway || (requested !== 'cpu' && !suspect);
  const loaded = looks ? loadDawn(bundleDirectory) : undefined;
  const library = loaded && 'create' in loaded ? loaded : null;
  let held: FoundAdapter | null = null;
  let device: DawnDevice | null = null;
  let probe: ProbeResult | null = null;
  let error: string | null = null;
  try {
    held = library && (await requestAdapter(library));
    if (held && (held.facts.kind === 'hardware' || requested === 'gpu' || probeAnyway)) {
      device = await DawnDevice.open(held);
      probe = await probeDevice(device.device);
    }
  } catch (thrown) {
    error = (thrown as Error).message.split('\n')[0] ?? '';
  }
  const choice = choose({
    requested,
    runtime,
    library: loaded && ('create' in loaded ? null : loaded),
    adapter: held?.facts ?? null,
    error,
    probe,
    suspect,
  });
  if (choice.chosen === 'cpu') {
    await device?.close();
    device = null;
  }
  return {
    device,
    report: {
      requested,
      ...choice,
      runtime,
      library: {
        name: LIBRARY_NAME,
        file: loaded?.file ?? null,
        reason: loaded && 'reason' in loaded ? loaded.reason : null,
      },
      adapter: held?.facts ?? null,
      probe,
      memoryCapBytes: held && memoryCap(memoryMiB, held.facts.limits['maxBufferSize'] ?? 0),
      failures: [],
      suspect,
    },
    reopen: () => reopen(library),
  };
}

async function reopen(library: DawnLibrary | null): Promise<DawnDevice> {
  const held = library && (await requestAdapter(library));
  if (!held) throw new Error('The GPU is not there any more.');
  return DawnDevice.open(held);
}
