import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { f32, rawFile, safetensors, type Entry } from '../unit/formats/build.ts';
import { expectAccessible } from './support/axe.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const { workbench, root } = session({
  prepare: (workspace) => {
    mkdirSync(join(workspace, 'bad'));
    writeFileSync(join(workspace, 'bad', 'model.safetensors'), badFile());
    mkdirSync(join(workspace, 'large'));
    writeLarge(join(workspace, 'large', 'model.safetensors'));
  },
});

const NAN = 'model.layers.7.mlp.up_proj.weight';
/** Eight layers, each wrong in a way of its own. */
function badFile(): Uint8Array {
  const tensors: Record<string, Entry> = {};
  for (let layer = 0; layer < 8; layer++) {
    const values = Array.from({ length: 32 * 16 }, (_, i) => Math.sin(i * 7.3 + layer) * 0.1);
    if (layer === 1) values.fill(0);
    if (layer === 2) values.fill(0, 16 * 5, 16 * 6);
    if (layer === 3) values[40] = 70_000;
    if (layer === 5) for (let i = 0; i < values.length; i++) values[i] = Math.sin(i * 7.3 + 4) * 0.1;
    if (layer === 7) values[100] = NaN;
    tensors[`model.layers.${layer}.mlp.up_proj.weight`] = { dtype: 'F32', shape: [32, 16], data: f32(...values) };
  }
  return safetensors(tensors);
}
/** 12 GB of holes: nothing lies on the disk, but every weight is read. */
function writeLarge(path: string): void {
  const side = 8192;
  const size = 2 * side * side;
  const entries = Array.from({ length: 96 }, (_, i) => {
    const name = `model.layers.${i}.mlp.up_proj.weight`;
    return [name, { dtype: 'BF16', shape: [side, side], data_offsets: [i * size, (i + 1) * size] }] as const;
  });
  const header = rawFile(JSON.stringify(Object.fromEntries(entries)));
  writeFileSync(path, header);
  truncateSync(path, header.length + entries.length * size);
}

test('"Scan for Problems" lists what is wrong, the worst first, and jumps to the tensor', async () => {
  await workbench().openFromExplorer('bad', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.action('scan').waitFor();
  await workbench().runCommand('Offaxis: Scan for Problems');
  await page.document.locator('[data-scan="done"]').waitFor();
  await turn(page.action('all-problems'), true);
  const lines = page.document.locator('.problems [data-severity]');
  const texts = await lines.allInnerTexts();
  expect(texts[0]).toContain(`"${NAN}" holds 1 NaN in 512 weights, the first at [6, 4]`);
  await expect.poll(() => lines.first().getAttribute('data-severity')).toBe('error');
  for (const text of [
    'nothing but zeros (512 weights)',
    '1 of 32 rows',
    'they become infinite in fp16',
    'holds the same bytes as',
  ])
    expect(
      texts.some((line) => line.includes(text)),
      text,
    ).toBe(true);
  // the layer with one weight of 70,000 has a scale of its own as well
  expect(texts.some((line) => line.includes('layers.3.') && line.includes('robust z'))).toBe(true);
  await expect.poll(() => page.problems().innerText()).toContain('Scanned 8 tensors');
  await expectAccessible(workbench(), 'inspector with findings');

  await page.document.locator(`.problems [data-target="${NAN}"]`).first().click();
  await page.detail(NAN).waitFor();
  await expect.poll(() => page.tensor(NAN).getAttribute('aria-selected')).toBe('true');
});

test('a clean checkpoint gets one line that names what was looked for', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.fact('Tensors');
  await page.action('scan').click();
  await page.document.locator('[data-scan="done"]').waitFor();
  await expect.poll(() => page.problems().getAttribute('data-problems')).toBe('0');
  const text = await page.problems().innerText();
  expect(text).toContain('No problems found.');
  expect(text).toMatch(/Scanned 57 tensors, .* for NaN and infinities, .*missing shards/);
});

test('SHA-256 of a tensor and of the file, computed on demand', async () => {
  const page = new InspectorPage(workbench());
  const name = 'model.norm.weight';
  await page.open(name);
  const bytes = readFileSync(join(root, 'media', 'samples', 'base', 'model.safetensors'));
  const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [from, to] = header[name]?.data_offsets ?? [0, 0];
  const detail = page.detail(name);
  // what is computed has no button: a second try may have one of both
  const press = async (button: Locator): Promise<void> => {
    if (await button.isVisible()) await button.click();
  };
  await press(detail.locator('[data-action="sha256"]'));
  await detail.locator(`[data-sha256="${sha256(bytes.subarray(8 + length + from, 8 + length + to))}"]`).waitFor();
  await page.allFacts();
  await press(page.document.locator('.facts [data-action="sha256"]'));
  await page.document.locator(`.facts [data-sha256="${sha256(bytes)}"]`).waitFor();
});

test('memory to load and to serve, for the context that is asked for, with its formula', async () => {
  const page = new InspectorPage(workbench());
  await page.allFacts();
  await turn(page.action('memory'), true);
  const panel = page.document.locator('[data-memory]');
  await expect.poll(() => panel.innerText()).toContain('2 × 2 kv heads × 32 wide × 2 bytes × 6 layers × tokens');
  await page.action('context').fill('1000');
  await page.action('context').press('Enter');
  // 1,536 bytes a token
  await expect.poll(() => panel.innerText()).toMatch(/1\.536\sMB/);
  await expectAccessible(workbench(), 'inspector with memory');
  await page.action('memory').click();
});

test('a long scan is cancelled in the middle, and what was found stays', async () => {
  await workbench().openFromExplorer('large', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.action('scan').click();
  await page.document.locator('[data-scan="running"] [data-severity]').first().waitFor();
  await page.action('cancel-scan').click();
  await page.document.locator('[data-scan="cancelled"]').waitFor();
  await expect.poll(() => page.document.locator('.problems [data-severity]').count()).toBeGreaterThan(0);
  await expect.poll(() => page.problems().innerText()).toContain('Scan cancelled after');
  // in the middle: not all of it was read
  const [, scanned, all] = /cancelled after (.+?) of (.+?)\./.exec(await page.problems().innerText()) ?? [];
  expect(all).toMatch(/\d/);
  expect(scanned).not.toBe(all);
  await expect.poll(() => page.action('scan').innerText()).toContain('Scan Again');
});
