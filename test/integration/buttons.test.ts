/** Buttons and commands that no other test presses: each is pressed as its reader would, and does what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { saveInWorkspace } from './support/dialogs.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

// a comparison ends with where the update points, until a button is pressed
const { workbench } = session({ settings: { 'offaxis.wholeSpectra': 'onRequest' } });
const TENSOR = 'model.layers.3.self_attn.v_proj.weight';

test('the notice about the GPU is shown once, and goes when it is dismissed', async () => {
  await workbench().selectAsBase('base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('rl', 'model.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  // the one adapter of the machines of the tests is a software one
  await page.action('dismiss-notice').click();
  await expect.poll(() => page.action('dismiss-notice').count()).toBe(0);
});

test('"Compute Spectra" brings the whole spectra beside what is there; before, the page says what needs them', async () => {
  const page = new ComparisonPage(workbench());
  const answer = page.document.locator('.answer');
  const direction = "Everywhere the update is low-rank and leans into the base's main directions";
  await expect.poll(() => answer.innerText()).toContain(direction);
  await expect.poll(() => answer.innerText()).toContain('needs the whole spectra');
  expect(await answer.innerText()).not.toContain('The spectrum moved');
  await page.question('spectrum');
  await expect.poll(() => page.keyRow()).toContain('This question needs the whole spectra.');
  await page.action('compute-spectra').first().click();
  await expect.poll(() => answer.innerText()).toContain('The spectrum moved three times as far');
  await page.complete(42);
  await expect.poll(() => answer.innerText()).toContain(direction);
  await expect.poll(() => page.action('compute-spectra').count()).toBe(0);
  await expect.poll(() => page.figure().inputValue()).toBe('nssOverNoise');
});

test('a side of the title chooses another checkpoint, and the pair is compared', async () => {
  const page = new ComparisonPage(workbench());
  await workbench().choose(() => page.action('choose-tuned').click(), {
    placeholder: /The tuned one: after training/,
    row: join('sft', 'model.safetensors'),
  });
  await workbench()
    .tab(/base → sft/)
    .waitFor();
  await new ComparisonPage(workbench()).complete(42);
  await workbench().choose(() => new ComparisonPage(workbench()).action('choose-base').click(), {
    placeholder: /The base: before training/,
    row: join('rl-hot', 'model.safetensors'),
  });
  await workbench()
    .tab(/rl-hot → sft/)
    .waitFor();
  await new ComparisonPage(workbench()).complete(42);
});

test('the parameters are changed, and "Defaults" brings them back', async () => {
  const page = new ComparisonPage(workbench());
  const alpha = page.document.locator('#parameter-alpha');
  await page.openParameters();
  await alpha.fill('0.5');
  await page.action('compare-again').click();
  await expect.poll(() => page.action('parameters').innerText()).toContain('α 0.5');
  await page.complete(42);
  await page.openParameters();
  await expect.poll(() => alpha.inputValue()).toBe('0.5');
  await page.action('defaults').click();
  await expect.poll(() => page.action('parameters').innerText()).not.toContain('α 0.5');
  await page.complete(42);
});

test('the picture of an update is zoomed, drawn by another figure, and shown whole again', async () => {
  const page = new ComparisonPage(workbench());
  await page.openDetail();
  const whole = page.action('zoom-whole');
  await page.document.locator('[data-matrix]').waitFor();
  await expect.poll(() => whole.isDisabled()).toBe(true);
  await page.action('zoom-in').click();
  await expect.poll(() => whole.isEnabled()).toBe(true);
  await page.action('zoom-in').click();
  await page.action('zoom-out').click();
  await whole.click();
  await expect.poll(() => whole.isDisabled()).toBe(true);
  const statistic = page.document.locator('[data-action="statistic"]');
  const [, other = ''] = await statistic
    .locator('option')
    .evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  await statistic.selectOption(other);
  await expect.poll(() => statistic.inputValue()).toBe(other);
});

test('"Export Mask..." of the comparison in front writes a mask of the base', async () => {
  await workbench().choose(() => workbench().runCommand('Offaxis: Export Mask...'), {
    placeholder: /Choose which weights the mask holds/,
    row: 'Changed weights',
  });
  const path = await saveInWorkspace(workbench(), 'mask.safetensors');
  await workbench().page.locator('.notification-toast', { hasText: 'Wrote the mask to' }).waitFor();
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString('utf8')) as Record<
    string,
    { dtype?: string; shape: number[] }
  >;
  expect(header[TENSOR]).toMatchObject({ dtype: 'U8', shape: [64, 128] });
  const data = file.subarray(8 + length);
  expect(new Set(data)).toEqual(new Set([0, 1]));
});

test('the detail opens its tensor in the inspector of either side', async () => {
  const page = new ComparisonPage(workbench());
  await page.openDetail();
  const name = (await page.document.locator('[data-matrix]').getAttribute('data-matrix')) ?? '';
  const isOpen = async (checkpoint: string): Promise<void> => {
    await workbench().page.locator('.breadcrumbs-control', { hasText: checkpoint }).waitFor();
    await new InspectorPage(workbench(), 'last').detail(name).waitFor();
  };
  await page.action('open-base').click();
  await isOpen('rl-hot');
  await page.action('open-tuned').click();
  await isOpen('sft');
  await workbench().runCommand('View: Close All Editors');
});

test('the list of the inspector is folded, sorted by its heads and kept to problems', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  const rows = page.document.locator('[data-tensor]');
  await rows.first().waitFor();
  await page.action('collapse-all').click();
  await expect.poll(() => rows.count()).toBe(0);
  await page.action('collapse-all').click();
  await expect.poll(() => rows.count()).toBeGreaterThan(0);
  const names = (): Promise<(string | null)[]> =>
    rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-tensor')));
  const before = await names();
  await page.document.locator('[data-action="sort"][data-column="shape"]').click();
  await expect.poll(names).not.toEqual(before);
  await page.action('filters').click();
  await page.action('problems-only').check();
  await expect.poll(() => rows.count()).toBe(0);
  await page.action('problems-only').uncheck();
  await expect.poll(() => rows.count()).toBeGreaterThan(0);
});

// What stands in the log is no part of it: the server of the tests comes without the native module that writes logs for VS Code.
test('"Show Log" opens the output on the log of Offaxis', async () => {
  await workbench().runCommand('Offaxis: Show Log');
  const output = workbench().page.locator('.part.panel');
  await output.locator('.action-item.checked', { hasText: 'Output' }).waitFor();
  const channel = output.locator('select').first();
  await expect.poll(() => channel.evaluate((list: HTMLSelectElement) => list.selectedOptions[0]?.text)).toBe('Offaxis');
  await workbench().runCommand('View: Hide Panel');
});
