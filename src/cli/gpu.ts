/** `offaxis gpu`: this machine's GPU, whether it works, and what Offaxis would compute on. */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gpuReportText } from '../export/gpu.ts';
import { findGpu } from '../linalg/dawn/index.ts';
import type { BackendRequest, GpuReport } from '../protocol/gpu.ts';
import type { Invocation } from './arguments.ts';
import { openOutputs } from './output.ts';

type Working = Exclude<Invocation, { command: 'help' | 'version' | 'gpu' | 'gather' | 'cluster' | 'cache' }>;

/** A driver that takes longer to open the GPU and move sixteen bytes hangs. */
const TRIAL_MS = 60_000;

/**
 * What to compute on: the GPU is first tried in a process of its own, so that a driver that crashes or chatters costs a line at most.
 * `cpu` if none is of use; with --backend gpu standard error then says why.
 */
export async function usableBackend(invocation: Working): Promise<BackendRequest> {
  const { backend } = invocation;
  if (backend === 'cpu' || !needsSpectra(invocation)) return 'cpu';
  const { chosen, why, remedy } = await trial(backend);
  if (chosen === 'gpu') return backend;
  if (backend === 'gpu')
    process.stderr.write(`offaxis: the CPU is used. ${why}${remedy === null ? '' : ` ${remedy}`}\n`);
  return 'cpu';
}

function needsSpectra(invocation: Working): boolean {
  switch (invocation.command) {
    case 'compare':
    case 'report':
    case 'runs':
    case 'steps':
      // leading triplets are the CPU's
      return invocation.parameters.spectra === true;
    case 'inspect':
      return invocation.spectra;
    case 'check':
    case 'verify':
    case 'diff':
    case 'apply':
    case 'mask':
      return false;
    case 'mcp':
      return true;
  }
}

/** `offaxis gpu --json -` of the same program. Never throws. */
function trial(backend: BackendRequest): Promise<Pick<GpuReport, 'chosen' | 'why' | 'remedy'>> {
  const argv = [process.argv[1] ?? '', 'gpu', '--backend', backend, '--json', '-'];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { timeout: TRIAL_MS, windowsHide: true }, (error, stdout) => {
      try {
        if (!error) return resolve(JSON.parse(stdout) as GpuReport);
      } catch {
        // told below
      }
      const how = error?.signal ?? (error ? `exit code ${error.code ?? 'unknown'}` : 'an answer that is none');
      resolve({
        chosen: 'cpu',
        why: `The GPU's driver failed while it was tried (${how}).`,
        remedy: 'Update the graphics driver.',
      });
    });
  });
}

/** Prints the report, or writes it as JSON. That there is no GPU is not an error. */
export async function runGpu({ backend, memoryMiB, json }: Extract<Invocation, { command: 'gpu' }>): Promise<void> {
  const outputs = await openOutputs({ json, csv: null }, []);
  const { report, device } = await findGpu({
    requested: backend,
    bundleDirectory: dirname(fileURLToPath(import.meta.url)),
    memoryMiB,
    suspect: false,
    probeAnyway: true,
  });
  await device?.close();
  await outputs.write({
    json: () => ({ schema: 'offaxis.gpu/1', ...report }),
    lines: () => [gpuReportText(report)],
  });
}
