/**
 * The host's exports as a program: the real ones, over an engine in process, with VS Code's dialogs answered by vscode.ts. Bundled by the
 * test. `host.mjs EXPORT BASE TUNED`; the file to write is `OFFAXIS_TARGET`. What a notification would say goes to standard error.
 */
import { resolve } from 'node:path';
import { Uri } from 'vscode';
import { createAnalysis } from '../../../src/analysis/index.ts';
import { exportTensor } from '../../../src/commands/exportTensor.ts';
import { exportComparison } from '../../../src/comparison/save.ts';
import { receivePicture } from '../../../src/host/pictures.ts';
import { toWireError } from '../../../src/protocol/errors.ts';
import { packFacts } from '../../../src/protocol/packedFacts.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { notification } from '../../../src/text/show.ts';

const [what = '', base = '', tuned = ''] = process.argv.slice(2);
const abort = new AbortController();
const analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });

async function comparison(): Promise<void> {
  const parameters = { ...DEFAULT_PARAMETERS, spectra: false };
  const results = new Accumulator();
  for await (const event of analysis.compare({ runId: 'r', base, tuned, parameters }, abort.signal)) results.add(event);
  const controller = {
    result: () => results.result(parameters),
    view: { baseName: 'base', tunedName: 'tuned' },
    spec: { base, tuned, parameters },
  };
  await exportComparison(controller as never);
}
/** The first tensor that a file holds. */
async function tensor(): Promise<void> {
  const engine = {
    call: async (_method: string, params: { path: string }) => packFacts(await analysis.open(params)),
    stream: (_method: string, params: Parameters<typeof analysis.exportTensor>[0], signal: AbortSignal) =>
      analysis.exportTensor(params, signal),
  };
  const log = { info: () => undefined };
  const name = 'model.layers.0.mlp.up_proj.weight';
  await exportTensor.run({ engine, log } as never, Uri.file(base), name);
}
const picture = (format: 'svg' | 'png'): Promise<void> =>
  receivePicture({ type: 'savePicture', name: 'map', format, data: 'PHN2Zy8+'.repeat(1000) }, base, tuned);

const EXPORTS: Readonly<Record<string, () => Promise<void>>> = {
  comparison,
  tensor,
  svg: () => picture('svg'),
  png: () => picture('png'),
};
try {
  await EXPORTS[what]?.();
} catch (error) {
  const { message } = toWireError(error);
  process.stderr.write(`offaxis: ${notification(message)}\n`);
  process.exitCode = 1;
} finally {
  await analysis.dispose();
}
