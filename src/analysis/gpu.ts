/** The GPU backend as it is used: found, tried, and with the CPU behind it. */
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { findGpu, probeDevice, type DawnDevice, type FoundGpu, type GpuOptions } from '../linalg/dawn/index.ts';
import { createTuningStore } from '../linalg/dawn/tuningStore.ts';
import { createFailoverBackend, type GpuSession } from '../linalg/failover/index.ts';
import { patienceMs } from '../linalg/failover/patience.ts';
import type { WasmBackend } from '../linalg/wasm/index.ts';
import { createWebGpuBackend } from '../linalg/webgpu/index.ts';
import type { AdapterFacts, GpuReport } from '../protocol/gpu.ts';
import type { BackendLog } from './backend.ts';

export interface OpenGpuOptions extends GpuOptions {
  cpu: WasmBackend;
  log: BackendLog;
  onWork(busy: boolean): void;
}
export interface OpenGpu {
  /** the GPU with the CPU behind it; null if the CPU was chosen */
  backend: LinearAlgebraBackend | null;
  report(): GpuReport;
}

const MIB = 2 ** 20;
/** A device that hangs does not answer its probe; one that works does so between two kernels. */
const LIFE_PROBE_MS = { hardware: 15_000, software: 120_000 } as const;

/** Looks for the GPU and opens it. Never throws: without one, or if its kernels do not start, the report says why. */
export async function openGpu({ cpu, log, onWork, ...options }: OpenGpuOptions): Promise<OpenGpu> {
  onWork(true);
  let found: FoundGpu;
  try {
    // A driver may crash while it is loaded: whoever watches hears first that the GPU is touched.
    await new Promise((resolve) => setImmediate(resolve));
    found = await findGpu(options);
    const { report, device } = found;
    logReport(report, log);
    if (!device || !report.adapter) return { backend: null, report: () => report };
    const { adapter } = report;
    const unusable = (error: Error): OpenGpu => {
      const [reason = ''] = error.message.split('\n');
      const why = `The GPU kernels do not start on ${adapter.name}: ${reason.replace(/\.?$/, '.')}`;
      log.warn(`the CPU is used: ${why}`);
      const failed: GpuReport = {
        ...report,
        chosen: 'cpu',
        why,
        remedy: 'Update the graphics driver.',
        failures: [reason],
      };
      return { backend: null, report: () => failed };
    };
    const memoryCap = report.memoryCapBytes ?? 0;
    const session = (dawn: DawnDevice, share: number): Promise<GpuSession> =>
      openSession(dawn, adapter, cpu, Math.floor(memoryCap * share));
    let first: GpuSession;
    try {
      first = await session(device, 1);
    } catch (error) {
      await device.close();
      return unusable(error as Error);
    }
    const failures: string[] = [];
    let suspect = false;
    const backend = createFailoverBackend({
      first,
      reopen: async (share) => session(await found.reopen(), share),
      cpu,
      patienceMs: (flops) => patienceMs(flops, adapter.kind),
      log,
      onWork,
      onFailure: (text, isSuspect) => {
        failures.push(text);
        suspect = isSuspect;
      },
    });
    return {
      backend,
      report: () =>
        suspect
          ? {
              ...report,
              failures,
              suspect,
              chosen: 'cpu',
              why: `${adapter.name} has failed, so the CPU computes until the engine starts anew.`,
              remedy: 'Update the graphics driver, or set offaxis.backend to "cpu".',
            }
          : { ...report, failures },
    };
  } finally {
    onWork(false);
  }
}

async function openSession(
  dawn: DawnDevice,
  adapter: AdapterFacts,
  cpu: WasmBackend,
  memoryCap: number,
): Promise<GpuSession> {
  const { device } = dawn;
  // A software adapter takes longer to compile the candidates than it gains; nobody chooses one for speed.
  const tuning = adapter.kind === 'hardware' ? { tuning: createTuningStore() } : {};
  const adapterName = adapter.name;
  const backend = await createWebGpuBackend({ device, adapterName, cpu, tail: cpu.tail, memoryCap, ...tuning });
  return {
    backend,
    lost: dawn.lost,
    probe: async () => (await probeDevice(device, LIFE_PROBE_MS[adapter.kind])).reason,
    close: async () => {
      await backend.dispose();
      await dawn.close();
    },
  };
}

/** The choice as it stands, with what a look at the machine finds beside it. A suspect GPU is not touched. */
export async function reportGpu(
  options: GpuOptions,
  choice: GpuReport,
  onWork: (busy: boolean) => void,
): Promise<GpuReport> {
  if (choice.chosen === 'gpu' || choice.suspect || choice.probe) return choice;
  onWork(true);
  try {
    const { report, device } = await findGpu({ ...options, probeAnyway: true });
    await device?.close();
    const { chosen, why, remedy, needsNode } = choice;
    return { ...report, chosen, why, remedy, needsNode };
  } finally {
    onWork(false);
  }
}

/** Adapter, limits and times; never weights. */
function logReport({ chosen, why, remedy, adapter, probe, memoryCapBytes, runtime }: GpuReport, log: BackendLog): void {
  log.info(
    `spectra are computed on the ${chosen === 'gpu' ? 'GPU' : 'CPU'}. ${why}${remedy === null ? '' : ` ${remedy}`}`,
  );
  log.info(`the engine runs on ${runtime.kind} (Node.js ${runtime.version}), ${runtime.execPath}`);
  if (!adapter) return;
  const limits = Object.entries(adapter.limits).map(([name, value]) => `${name} ${value}`);
  log.info(`adapter ${adapter.name}, ${adapter.kind}, driver "${adapter.driver}"; ${limits.join(', ')}`);
  if (probe)
    log.info(
      `read-back probe ${probe.ok ? 'passed' : `failed (${probe.reason ?? ''})`} in ${probe.elapsedMs.toFixed(1)} ms`,
    );
  if (chosen === 'gpu' && memoryCapBytes !== null)
    log.info(`GPU buffers may hold ${Math.round(memoryCapBytes / MIB)} MiB`);
}
