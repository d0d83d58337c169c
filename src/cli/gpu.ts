/** `offaxis gpu`: this machine's GPU, whether it works, and what Offaxis would compute on. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gpuReportText } from '../export/gpu.ts';
import { findGpu } from '../linalg/dawn/index.ts';
import type { Invocation } from './arguments.ts';
import { writeOutput } from './output.ts';

/** Prints the report, or writes it as JSON. No GPU is no error. */
export async function runGpu({ backend, memoryMiB, json }: Extract<Invocation, { command: 'gpu' }>): Promise<void> {
  const { report, device } = await findGpu({
    requested: backend,
    bundleDirectory: dirname(fileURLToPath(import.meta.url)),
    memoryMiB,
    suspect: false,
    probeAnyway: true,
  });
  await device?.close();
  if (json) await writeOutput(json, `${JSON.stringify({ schema: 'offaxis.gpu/1', ...report })}\n`);
  if (json !== '-') process.stdout.write(`${gpuReportText(report)}\n`);
}
