import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { runReport } from '../../../src/cli/report.ts';
import { VERSION } from '../../../src/cli/version.ts';
import { ComparisonController, type ControllerServices } from '../../../src/comparison/controller.ts';
import { ComparisonStore } from '../../../src/comparison/store.ts';
import { reportCommandLine } from '../../../src/export/commandLine.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { REPORT_FORMATS, reportText } from '../../../src/report/index.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

/** The page's document is the one of the command line, over the real analysis, without spectra to be quick. */
const folder = temporaryFolder();
const parameters = { ...DEFAULT_PARAMETERS, spectra: false };

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

/** What the engine's process answers, without the process. */
const engine = {
  call: async (method: string, params: never, signal = new AbortController().signal) =>
    method === 'info'
      ? { ...(await analysis.info()), version: VERSION, pid: 0, node: '' }
      : analysis[method as 'plan' | 'inputs'](params, signal),
  stream: (method: 'compare', params: never, signal: AbortSignal) => analysis[method](params, signal),
  tell: () => undefined,
  allowRestart: () => undefined,
} as unknown as ControllerServices['engine'];

function controllerOf(base: string, tuned: string): ComparisonController {
  const write = (): void => undefined;
  return new ComparisonController(
    { base, tuned, parameters },
    {
      engine,
      store: new ComparisonStore(join(folder.path, 'store')),
      log: { info: write, debug: write, warn: write, error: write },
      watchFolder: () => ({ dispose: write }),
      onActivity: write,
    },
  );
}

it('is the document of `offaxis report`, in both formats', { timeout: 120_000 }, async () => {
  const [base, tuned] = [resolve('media/samples/base'), resolve('media/samples/rl')];
  const controller = controllerOf(base, tuned);
  await controller.open();
  const reported = await controller.reported();
  expect(reported.inputs.base.length).toBeGreaterThan(0);
  const said = vi.spyOn(process.stdout, 'write').mockImplementation((...args: unknown[]) => {
    const done = args.at(-1);
    if (typeof done === 'function') (done as () => void)();
    return true;
  });
  try {
    for (const format of REPORT_FORMATS) {
      const destination = join(folder.path, `r.${format}`);
      const options = { command: 'report', base, tuned, parameters, destination, format, backend: 'cpu' } as never;
      await runReport(analysis, options, new AbortController().signal);
      const command = reportCommandLine({ base, tuned, parameters }, destination);
      expect(reportText({ ...reported, command }, format)).toBe(readFileSync(destination, 'utf8'));
    }
  } finally {
    said.mockRestore();
    await controller.dispose();
  }
});

it('is refused before there is a figure, and of files that have changed since', { timeout: 120_000 }, async () => {
  const sides = ['base', 'rl'].map((side) => {
    mkdirSync(join(folder.path, side));
    const path = join(folder.path, side, 'model.safetensors');
    copyFileSync(`media/samples/${side}/model.safetensors`, path);
    return path;
  });
  const [base = '', tuned = ''] = sides;
  const controller = controllerOf(base, tuned);
  await expect(controller.reported()).rejects.toThrow('Nothing has been computed yet');
  await controller.open();
  await expect(controller.reported()).resolves.toBeDefined();
  const bytes = readFileSync(tuned);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(tuned, bytes);
  await expect(controller.reported()).rejects.toThrow('have changed since these figures');
  await controller.dispose();
});
