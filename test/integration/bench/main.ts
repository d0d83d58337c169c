/**
 * How long a reader waits: activation of the extension; from the double-click to the first row of a very large index, beside VS Code
 * opening the same JSON as text, the two taking turns in one VS Code, so that what else runs on the machine slows both, and for the first
 * opening of each in a few windows, of which every other one begins with the text; and from "Compare with Base" to the size map and to the
 * answer, of the sample family.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { ComparisonPage } from '../support/comparison.ts';
import { installExtension } from '../support/install.ts';
import { Workbench } from '../support/workbench.ts';
import { activationTimes } from './activation.ts';
import { SHARDS, TENSORS, writeLargeIndex } from './largeIndex.ts';

const ROUNDS = 5;
const WINDOWS = 3;
const REST_MS = 5_000;

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const ms = (value: number): string => `${Math.round(value)} ms`;

export async function benchUi(root: string): Promise<void> {
  const installation = installExtension(root, join(root, 'test-results', 'bench-ui'));
  const activation = median(await activationTimes(installation));
  const first: Record<Opened, number[]> = { text: [], table: [] };
  const again: Record<Opened, number[]> = { text: [], table: [] };
  let compared = { size: NaN, answer: NaN };
  let bytes = 0;
  for (let window = 0; window < WINDOWS; window++) {
    const vscode = await Workbench.open(installation, {
      prepare: (workspace) => {
        const written = writeLargeIndex(join(workspace, 'large'));
        ({ bytes } = written);
        copyFileSync(written.index, join(workspace, 'large', 'a-text.json'));
      },
      settings: { 'workbench.editorAssociations': { '*.safetensors.index.json': 'offaxis.inspectorForIndex' } },
    });
    try {
      await vscode.reveal('large', 'a-text.json');
      // What VS Code still starts by itself is neither's.
      await vscode.page.waitForTimeout(REST_MS);
      const order = window % 2 === 0 ? (['text', 'table'] as const) : (['table', 'text'] as const);
      for (const what of order) first[what].push(await openingTime(vscode, what));
      if (window < WINDOWS - 1) continue;
      for (let round = 0; round < ROUNDS; round++)
        for (const what of order) again[what].push(await openingTime(vscode, what));
      compared = await comparisonTimes(vscode);
    } finally {
      await vscode.close();
    }
  }
  const size = `${TENSORS.toLocaleString('en')} tensors, ${SHARDS} shards, ${(bytes / 1e6).toFixed(1)} MB of JSON`;
  const print = (...cells: string[]): void => console.log(`| ${cells.join(' | ')} |`);
  const beside = (what: string, { text, table }: Record<Opened, number[]>): void => {
    const [ofText, ofTable] = [median(text), median(table)];
    print(what, ms(ofText), ms(ofTable), (ofTable / ofText).toFixed(2));
  };
  print('what', 'the same JSON as text', 'Offaxis', 'ratio');
  print('---', '---', '---', '---');
  print('activation of the extension, by itself', '', ms(activation), '');
  beside(`first opening in a window, median of ${WINDOWS}: ${size}`, first);
  beside(`opening again, median of ${ROUNDS}`, again);
  print(
    'comparison of 42 matrices, 1.1 M weights, until its map of sizes is whole and the answer begins',
    '',
    ms(compared.size),
    '',
  );
  print('until the answer is whole, with spectra and noise of the same size', '', ms(compared.answer), '');
}

type Opened = 'text' | 'table';

/** From the double-click to the first row, of the table or of the text; closed again afterwards. */
async function openingTime(vscode: Workbench, what: Opened): Promise<number> {
  const { page } = vscode;
  const file = await vscode.reveal('large', what === 'text' ? 'a-text.json' : 'a.safetensors.index.json');
  const row =
    what === 'text'
      ? page.locator('.monaco-editor .view-line', { hasText: 'total_size' })
      : vscode.view().locator('[data-tensor]');
  const start = performance.now();
  await file.dblclick();
  await appears(row.first());
  const took = performance.now() - start;
  if (what === 'table') {
    const rows = Number(await vscode.view().getByRole('treegrid').getAttribute('aria-rowcount'));
    if (rows < TENSORS) throw new Error(`only ${rows} rows of ${TENSORS} tensors`);
  }
  await page.waitForTimeout(500);
  await vscode.runCommand('View: Close All Editors');
  await page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  return took;
}

/** Looked for all the time: Playwright's own waiting comes to look twice a second, which would be the grain of what is measured. */
async function appears(element: Locator): Promise<void> {
  for (const end = performance.now() + 120_000; !(await element.isVisible());) {
    if (performance.now() > end) throw new Error(`${String(element)} did not appear`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** From the menu's entry on. The answer says nothing of how much changed before every matrix has its size. */
async function comparisonTimes(vscode: Workbench): Promise<{ size: number; answer: number }> {
  // the list draws the rows in view alone, and the shards fill it
  await vscode.runCommand('Collapse Folders in Explorer');
  await vscode.selectAsBase('base', 'model.safetensors');
  const tuned = await vscode.reveal('rl', 'model.safetensors');
  await vscode.chooseFromMenu(tuned, 'Compare with Base');
  const start = performance.now();
  const page = new ComparisonPage(vscode);
  await appears(page.document.locator('.answer .clause').first());
  const size = performance.now() - start;
  await page.phase('done');
  return { size, answer: performance.now() - start };
}
