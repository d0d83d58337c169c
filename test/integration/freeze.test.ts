/** Small files that froze a page: what they hold is shown as far as a person reads, and the page stays at work. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { f32, safetensors } from '../unit/formats/build.ts';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const { workbench } = session({
  prepare: (workspace) => {
    for (const [folder, step] of [
      ['far-base', 0],
      ['far-tuned', 0.01],
    ] as const)
      write(join(workspace, folder), farLayers(step));
    write(join(workspace, 'wordy'), wordy());
    write(join(workspace, 'ill'), ill());
    write(join(workspace, 'most'), many(MOST, 0));
    write(join(workspace, 'many-base'), many(MANY, 0));
    write(join(workspace, 'many-tuned'), many(MANY, 1));
  },
});
function write(folder: string, bytes: Uint8Array): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.safetensors'), bytes);
}

const FAR = 999_999_999;
/** Two layers, one of them with a number of nine digits. */
function farLayers(step: number): Uint8Array {
  const values = Array.from({ length: 24 * 24 }, (_, i) => Math.sin(i * 7.3) * 0.1 + (i % 3 ? 0 : step));
  const entry = { dtype: 'F32', shape: [24, 24], data: f32(...values) };
  return safetensors({
    'model.layers.0.mlp.up_proj.weight': entry,
    [`model.layers.${FAR}.mlp.up_proj.weight`]: entry,
  });
}
/** A million entries of metadata, and a type of a megabyte. */
function wordy(): Uint8Array {
  const metadata = Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":"v"`).join(',');
  const dtype = 'Q'.repeat(1_000_000);
  const header = `{"__metadata__":{${metadata}},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"${dtype}","shape":[2],"data_offsets":[8,16]}}`;
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(16)]);
}

/** 6,000 tensors of NaN, and one whose name is 50 MB long. */
const ILL = 6000;
function ill(): Uint8Array {
  const entry = { dtype: 'F32', shape: [2], data: f32(NaN, NaN) };
  const names = Array.from({ length: ILL }, (_, i) => `model.layers.${i}.input_layernorm.weight`);
  return safetensors(Object.fromEntries([...names, 'n'.repeat(50_000_000)].map((name) => [name, entry])));
}

/** Tensors of a file that opens, and of two that are compared: the command line's test compares as many as the first. */
const [MOST, MANY] = [500_000, 125_000];
const manyName = (i: number): string => `model.layers.${i % 24}.mlp.experts.${Math.floor(i / 24)}.up_proj.bias`;
/** Biases in bf16; `step`: what a third of the codes has been moved by. */
function many(count: number, step: number): Uint8Array {
  const entries = Array.from(
    { length: count },
    (_, i) => `"${manyName(i)}":{"dtype":"BF16","shape":[2],"data_offsets":[${4 * i},${4 * i + 4}]}`,
  );
  const header = Buffer.from(`{${entries.join(',')}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const codes = Uint16Array.from({ length: 2 * count }, (_, i) => 0x3c00 + (i % 509) + (i % 3 ? 0 : step));
  return Buffer.concat([length, header, Buffer.from(codes.buffer)]);
}
/** The page answers what it is asked, also while it has much to take in: a click on it comes through. */
const ANSWERS_MS = 60_000;
const MANY_MS = 300_000;

test('a layer number of nine digits is one row of the comparison’s map', async () => {
  await workbench().selectAsBase('far-base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('far-tuned', 'model.safetensors'), 'Compare with Base');
  await workbench()
    .tab(/far-base → far-tuned/)
    .waitFor();
  const page = new ComparisonPage(workbench());
  await page.complete(2);
  const grid = page.document.locator('[role="grid"].heatmap');
  await expect.poll(() => grid.getAttribute('aria-rowcount')).toBe('2');
  await expect
    .poll(async () => (await page.ranked().allInnerTexts()).map((row) => /Layer (\d+)/.exec(row)?.[1]).sort())
    .toEqual(['0', String(FAR)]);
  await grid.focus();
  await workbench().page.keyboard.press('PageDown');
  await expect
    .poll(() => page.document.locator('[data-cell]').first().getAttribute('data-cell'))
    .toBe(`${FAR},mlp.up_proj`);
  await workbench().screenshot('freeze comparison');
});

test('a million entries of metadata and a type of a megabyte leave the inspector at work', async () => {
  await workbench().openFromExplorer('wordy', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.allFacts();
  await page.action('metadata').waitFor();
  await expect.poll(() => page.fact('Metadata')).toMatch(/999.998 more/);
  await turn(page.action('metadata'), true);
  await page.document.locator('[data-left-out]', { hasText: /999.700 more entries are left out/ }).waitFor();
  await expect.poll(() => page.document.locator('[data-metadata] dt').count()).toBe(301);
  await page.action('metadata').click();
  await page.tensor('b').click();
  await page.detail('b').waitFor();
  const text = await page.document.locator('body').innerText();
  expect(text.length).toBeLessThan(20_000);
  expect(text).toMatch(/Q{60}… \(1.000.000\)/);
  await workbench().screenshot('freeze inspector');
});

test('as many findings as tensors, and a name of 50 MB, are a list in a window and a count', async () => {
  await workbench().openFromExplorer('ill', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await expect.poll(() => page.fact('Tensors')).toMatch(/6.001, 1 not listed/);
  await page.action('scan').click();
  const strip = page.document.locator('[data-scan="done"]');
  await strip.waitFor({ timeout: MANY_MS });
  expect(Number(await strip.getAttribute('data-problems'))).toBeGreaterThanOrEqual(ILL);
  await turn(page.action('all-problems'), true);
  const list = page.document.locator('.problems ox-long-list');
  const lines = list.locator('[data-severity]');
  await expect.poll(() => lines.count()).toBeLessThan(60);
  await page.document.locator('.problems', { hasText: 'The first 2' }).waitFor();
  await list.locator('.lines').evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await list.locator('[aria-posinset="2000"]').waitFor();
  await expect.poll(() => lines.count()).toBeLessThan(60);
  const heights = await list.locator('.line').evaluateAll((all) => [...new Set(all.map((one) => one.clientHeight))]);
  expect(heights).toEqual([22]);
  // the page draws: its thread is not at work on the list
  await page.document.locator('body').evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  await workbench().screenshot('freeze findings');
});

test('125,000 tensors are compared, and the page answers while they are and after', async () => {
  await workbench().selectAsBase('many-base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('many-tuned', 'model.safetensors'), 'Compare with Base');
  await workbench()
    .tab(/many-base → many-tuned/)
    .waitFor();
  const page = new ComparisonPage(workbench());
  await page.document.locator('body[data-phase="running"], body[data-phase="done"]').waitFor({ timeout: MANY_MS });
  const tensors = page.document.locator('[data-section="elementwise"] summary').first();
  await tensors.click({ timeout: ANSWERS_MS });
  await page.document.locator('[data-section="elementwise"] .line').first().waitFor({ timeout: ANSWERS_MS });
  await page.phase('done', MANY_MS);
  await tensors.click({ timeout: ANSWERS_MS });
  await expect.poll(() => tensors.innerText()).toMatch(/125.000 tensors/);
  await expect.poll(() => page.document.locator('.line').count()).toBeLessThan(200);
  const unchanged = page.document.locator('[data-section="elementwise"] td.num').first();
  await expect.poll(() => unchanged.innerText(), { timeout: ANSWERS_MS }).toMatch(/66[.,]\d+/);
  await workbench().screenshot('freeze many comparison');
}, 900_000);

test('half a million tensors open in the inspector, which finds one of them', async () => {
  await workbench().openFromExplorer('most', 'model.safetensors');
  const page = new InspectorPage(workbench());
  const last = manyName(MOST - 1);
  await page.action('filter').waitFor({ timeout: MANY_MS });
  await page.action('filter').fill(last, { timeout: MANY_MS });
  await page.tensor(last).click({ timeout: ANSWERS_MS });
  await page.detail(last).waitFor({ timeout: ANSWERS_MS });
  await expect.poll(() => page.document.locator('[data-tensor]').count()).toBeLessThan(200);
  await workbench().screenshot('freeze many inspector');
}, 900_000);
