import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/index.ts';
import { decodeFloats } from '../../src/numbers/index.ts';
import { expectAccessible } from './support/axe.ts';
import { ComparisonPage } from './support/comparison.ts';
import { saveInWorkspace } from './support/dialogs.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session();
const workspace = (): string => workbench().workspace;
const name = 'model.layers.3.self_attn.v_proj.weight';
const COLUMNS = 128;

/** The same bytes, decoded here. */
async function values(checkpoint: string): Promise<Float32Array> {
  const opened = await openCheckpoint(join(workspace(), checkpoint, 'model.safetensors'));
  const row = opened.tensors.get(name);
  if (!row) throw new Error(`${name} is missing`);
  const bytes = new Uint8Array(row.sizeBytes);
  await opened.read(row, 0, bytes);
  await opened.close();
  return decodeFloats(row.dtype, bytes) as Float32Array;
}
const tab = (page: InspectorPage, which: string): Locator => page.document.locator(`[data-tab="${which}"]`);

test('the values are those of the file: at the start, at an index, and in the corner', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('main[data-view="tensors"]').waitFor();
  await page.open(name);
  await tab(page, 'values').click();
  const grid = page.document.getByRole('grid', { name: /^Values/ });
  await grid.waitFor();
  const expected = await values('base');
  const reading = page.document.locator('ox-values [data-reading]');
  await expect.poll(() => reading.innerText()).toContain('[0, 0]');
  await expect.poll(() => grid.getAttribute('aria-colcount')).toBe(String(COLUMNS + 1));
  await page.action('go-to').fill('3, 17');
  await page.action('go-to').press('Enter');
  await expect.poll(() => reading.innerText()).toContain('[3, 17]');
  const cell = page.document.locator('[data-at="3,17"]');
  await expect.poll(() => cell.getAttribute('aria-colindex')).toBe('19');
  const shown = Number((await cell.getAttribute('title'))?.split(', ')[1]?.split('  ')[1]);
  expect(Math.fround(shown)).toBe(expected[3 * COLUMNS + 17]);
  await workbench().page.keyboard.press('Control+End');
  const rows = expected.length / COLUMNS;
  await expect.poll(() => reading.innerText()).toContain(`[${rows - 1}, ${COLUMNS - 1}]`);
  await page.action('go-to').fill('9999, 0');
  await page.action('go-to').press('Enter');
  await expect.poll(() => page.document.locator('[data-note]').innerText()).toContain(`0–${rows - 1}`);
});

test('a selection is copied as text that holds exactly these values', async () => {
  const page = new InspectorPage(workbench());
  const { keyboard } = workbench().page;
  await page.action('go-to').fill('2, 5');
  await page.action('go-to').press('Enter');
  await keyboard.press('Shift+ArrowRight');
  await keyboard.press('Shift+ArrowDown');
  await expect.poll(() => page.document.locator('[data-selected]').innerText()).toContain('4 values');
  await page.action('copy-csv').click();
  await expect.poll(() => page.document.locator('[data-note]').innerText()).toBe('Copied.');
  // pasted where any text goes
  await workbench().runCommand('File: New Untitled Text File');
  const editor = workbench().page.locator('.editor-instance .monaco-editor').last();
  await editor.click();
  await keyboard.press('Control+V');
  const expected = await values('base');
  const line = (row: number): number[] => [5, 6].map((column) => expected[row * COLUMNS + column] as number);
  await expect
    .poll(async () =>
      (await editor.locator('.view-line').allInnerTexts())
        .filter((text) => text.trim() !== '')
        .map((text) => text.split(',').map((value) => Math.fround(Number(value)))),
    )
    .toEqual([line(2), line(3)]);
  // The page is built anew and shows what its reader had chosen.
  await workbench().tab('model.safetensors').click();
  await page.document.getByRole('grid', { name: /^Values/ }).waitFor();
});

test('"Export Tensor..." writes the tensor as .npy, and says what of', async () => {
  const page = new InspectorPage(workbench());
  await workbench().choose(() => page.action('export-tensor').click(), { placeholder: /format/i, row: '.npy' });
  const target = await saveInWorkspace(workbench(), 'v_proj.npy');
  await workbench().page.locator('.notification-toast', { hasText: 'as F32' }).waitFor();
  expect(existsSync(target)).toBe(true);
  const file = readFileSync(target);
  const start = 10 + file.readUInt16LE(8);
  const expected = await values('base');
  const written = new Float32Array(new Uint8Array(file.subarray(start)).buffer);
  expect(Buffer.compare(new Uint8Array(written.buffer), new Uint8Array(expected.buffer))).toBe(0);
});

/** How many different colours a canvas shows. */
const colours = (canvas: Locator): Promise<number> =>
  canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const data = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    const seen = new Set<number>();
    for (let i = 0; i + 2 < data.length; i += 4)
      seen.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
    return seen.size;
  });

test('the picture is drawn, tells what a pixel covers, and goes down to single weights', async () => {
  const page = new InspectorPage(workbench());
  await tab(page, 'picture').click();
  const canvas = page.document.locator('[data-picture="drawn"]');
  await canvas.waitFor();
  await expect.poll(() => colours(canvas.locator('canvas'))).toBeGreaterThan(30);
  await expect.poll(() => page.document.locator('[data-coverage]').innerText()).toMatch(/weight/);
  const reading = page.document.locator('ox-matrix-picture [data-reading]');
  await canvas.hover({ position: { x: 30, y: 20 } });
  await expect.poll(() => reading.innerText()).toMatch(/^(\[\d+, \d+\]: |rows )/);
  await canvas.focus();
  for (let i = 0; i < 9; i++) await workbench().page.keyboard.press('+');
  await expect.poll(() => page.document.locator('[data-coverage]').innerText()).toContain('by itself');
  await canvas.hover({ position: { x: 31, y: 21 } });
  await expect.poll(() => reading.innerText()).toMatch(/^\[\d+, \d+\]: /);
  const [, row = '', column = '', value = ''] = /^\[(\d+), (\d+)\]: (.+)$/.exec(await reading.innerText()) ?? [];
  expect(Math.fround(Number(value.replace('−', '-')))).toBe(
    (await values('base'))[Number(row) * COLUMNS + Number(column)],
  );
  await workbench().page.keyboard.press('0');
  await page.action('kind-magnitude').click();
  await expect.poll(() => page.document.locator('[data-legend] .num').first().innerText()).toBe('0');
  await expectAccessible(workbench(), 'picture');
  await tab(page, 'values').click();
  await page.document.getByRole('grid', { name: /^Values/ }).waitFor();
  await expectAccessible(workbench(), 'values');
});

test('a comparison draws the update and the change mask of its matrix', async () => {
  await workbench().selectAsBase('base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('rl', 'model.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(workbench());
  await page.phase('done');
  await page.openDetail();
  const picture = page.document.locator('[data-section="picture"]');
  await picture.locator('[data-picture="drawn"]').waitFor();
  await expect.poll(() => colours(picture.locator('.mp-canvas canvas'))).toBeGreaterThan(10);
  await picture.locator('[data-action="kind-changed"]').click();
  await expect.poll(() => picture.locator('[data-coverage]').innerText()).toContain('changed');
  await picture.locator('.mp-canvas').hover({ position: { x: 30, y: 20 } });
  await expect.poll(() => picture.locator('[data-reading]').innerText()).toMatch(/changed/);
});
