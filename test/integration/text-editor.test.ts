/** What Offaxis does beside its own editors: an index that is open as text, and a report as a document. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const INDEX = 'model.safetensors.index.json';
const TENSOR = 'model.layers.0.self_attn.q_proj.weight';
const { workbench } = session({
  prepare(workspace) {
    const index = JSON.stringify({ weight_map: { [TENSOR]: 'model.safetensors' } }, null, 2);
    writeFileSync(join(workspace, 'base', INDEX), index);
  },
});

async function openAsText(): Promise<void> {
  await workbench().openFromExplorer('base', INDEX);
  await workbench().page.locator('.monaco-editor .view-line', { hasText: 'weight_map' }).waitFor();
}
async function expectInspector(): Promise<void> {
  await new InspectorPage(workbench()).tensor(TENSOR).waitFor();
  await workbench().runCommand('View: Close All Editors');
}

test('the line above an index opens it as a checkpoint', async () => {
  await openAsText();
  const lens = workbench().page.locator('.codelens-decoration a', { hasText: 'Open as Checkpoint' });
  await lens.waitFor();
  await workbench().screenshot('index as text');
  await lens.click();
  await expectInspector();
});

test('so does the button in the title of its editor, which the inspector itself has not', async () => {
  await openAsText();
  const button = workbench().page.locator('.editor-actions .action-label[aria-label="Open as Checkpoint"]');
  await button.click();
  await new InspectorPage(workbench()).tensor(TENSOR).waitFor();
  await button.waitFor({ state: 'hidden' });
  await expectInspector();
});

const TAB = /GPU Information/;
/** The lines of the document on show; what is cut off below is not among them. */
const shown = async (): Promise<string> =>
  (await workbench().page.locator('.editor-instance .view-lines').innerText()).replaceAll('\u00a0', ' ');

test('"Show GPU Information" is a document that cannot be edited', async () => {
  const { page } = workbench();
  await workbench().runCommand('Offaxis: Show GPU Information');
  await workbench().tab(TAB).waitFor();
  await expect.poll(shown).toMatch(/spectra run on +CPU/);
  await page.locator('.editor-instance .view-lines').click();
  await page.keyboard.type('x');
  await expect.poll(() => shown()).not.toMatch(/^x/m);
  await page
    .getByText(/Cannot edit in read-only editor/)
    .first()
    .waitFor();
  await expect.poll(() => workbench().tab(TAB).getAttribute('class')).not.toContain('dirty');
  await workbench().screenshot('gpu information');
  await workbench().runCommand('View: Close All Editors');
});

test('the comparison says once why the CPU computes, and its button leads to that document', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  await page.document.locator('[data-notice]', { hasText: 'The CPU computes' }).waitFor();
  await page.action('gpu-information').click();
  await workbench().tab(TAB).waitFor();
  await expect.poll(shown).toMatch(/spectra run on +CPU/);
});
