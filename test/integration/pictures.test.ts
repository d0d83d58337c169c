import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { saveInWorkspace } from './support/dialogs.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session();

/** Answers VS Code's dialog, and gives what was written. */
async function saveAs(name: string, proposed?: string): Promise<Buffer> {
  const path = await saveInWorkspace(workbench(), name, proposed);
  await expect.poll(() => existsSync(path)).toBe(true);
  await expect.poll(() => readFileSync(path).length).toBeGreaterThan(200);
  return readFileSync(path);
}

/** Opens the file in a plain browser: what it says, how large it is, how many colours it has; and a picture to look at. */
async function render(name: string): Promise<{ text: string; width: number; height: number; colours: number }> {
  const installation = inject('installation');
  const browser = await chromium.launch({ executablePath: installation.chromium, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const path = join(workbench().workspace, name);
    // A page of its own for the screenshot: the browser takes none of a bare SVG document.
    writeFileSync(`${path}.html`, `<body style="margin:0"><img src="${name}">`);
    await page.goto(`file://${path}.html`);
    await page.locator('img').screenshot({ path: join(installation.folder, `${name}.shot.png`) });
    await page.goto(`file://${path}`);
    return await page.evaluate(() => {
      const box = document.documentElement.getBoundingClientRect();
      const fills = [...document.querySelectorAll('[fill]')].map((element) => element.getAttribute('fill'));
      return {
        text: document.documentElement.textContent ?? '',
        width: box.width,
        height: box.height,
        colours: new Set(fills).size,
      };
    });
  } finally {
    await browser.close();
  }
}

test('the marks of a plot answer to the arrow keys with the card that the pointer gets', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  await page.openDetail();
  const plot = page.document.locator('[data-section="spectra"] ox-plot').first();
  await plot.locator('.reading').focus();
  await workbench().page.keyboard.press('Home');
  await page.hoverCard().waitFor();
  const byKey = await page.hoverCard().innerText();
  expect(byKey).toMatch(/^Singular value 1 of 128\s+base\s+[\d.]+\s+tuned\s+[\d.]+\s+difference/);
  await expect
    .poll(() => plot.locator('[aria-live]').textContent())
    .toMatch(/Singular value 1 of 128; base [\d.]+; tuned/);
  await workbench().page.keyboard.press('Escape');
  await page.hoverCard().waitFor({ state: 'hidden' });
  const ring = await plot.locator('.reading').boundingBox();
  if (!ring) throw new Error('no plot');
  await workbench().page.mouse.move(ring.x + 42, ring.y + 20);
  await expect.poll(() => page.hoverCard().innerText()).toBe(byKey);
  await workbench().page.mouse.move(5, 5);
});

test('a cell of the map answers to the arrow keys with the same card', async () => {
  const page = new ComparisonPage(workbench());
  await page.heatmap().focus();
  await workbench().page.keyboard.press('ArrowRight');
  await page.hoverCard().waitFor();
  await expect.poll(() => page.hoverCard().innerText()).toMatch(/Layer \d, \w+/);
  await expect.poll(async () => (await page.hoverRow('Main entries hit')).beside).toMatch(/^noise/);
});

test('a plot is saved as SVG and PNG and copied as TSV from its menu', async () => {
  const page = new ComparisonPage(workbench());
  const plot = page.document.locator('[data-section="spectra"] ox-plot').first();
  const choose = async (action: string): Promise<void> => {
    await plot.locator('.more').focus();
    await workbench().page.keyboard.press('Enter');
    await plot.locator(`[data-picture-action="${action}"]`).click();
  };
  await choose('svg-white');
  const svg = (await saveAs('spectrum.svg')).toString();
  expect(svg).toMatch(/^<svg xmlns/);
  expect(svg).not.toMatch(/var\(--|class=/);
  const seen = await render('spectrum.svg');
  expect(seen.text).toContain('Singular values');
  expect(seen.colours).toBeGreaterThan(3);
  await choose('png');
  const png = await saveAs('spectrum.png');
  expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  expect(png.readUInt32BE(16)).toBeGreaterThan(900);
  await workbench().announces('copied', () => choose('tsv'));
});

test('the heatmap is one picture with its legend', async () => {
  const page = new ComparisonPage(workbench());
  await page.question('where');
  await page.document.locator('ox-map > .picture-menu .more').focus();
  await workbench().page.keyboard.press('Enter');
  await page.document.locator('ox-map > .picture-menu [data-picture-action="svg"]').click();
  const svg = (await saveAs('map.svg')).toString();
  expect(svg.match(/>Which weights changed</g)).toHaveLength(1);
  expect((await render('map.svg')).text).toMatch(/median.*1\/64.*64/s);
});

test.each([
  ['On white', 'figure.svg', '#ffffff'],
  ['As on screen', 'figure-dark.svg', '#1f1f1f'],
])('"Export Comparison Figure..." makes one picture that stands alone: %s', async (colours, name, background) => {
  await workbench().choose(() => workbench().runCommand('Offaxis: Export Comparison Figure...'), {
    placeholder: /Which colours/,
    row: colours,
  });
  const svg = (await saveAs(name)).toString();
  expect(svg).not.toMatch(/var\(--|class=|<style|http(?!:\/\/www\.w3\.org\/2000\/svg)/);
  expect(/<rect width="1120"[^>]*fill="([^"]+)"/.exec(svg)?.[1]).toBe(background);
  const seen = await render(name);
  expect(seen.text).toMatch(/base → rl/);
  expect(seen.text).toMatch(/Three quarters of the weights changed/);
  expect(seen.text).toMatch(/one rounding to bf16 [\d.]+/);
  expect(seen.text).toMatch(/random [\d.]+/);
  expect(seen.width).toBe(1120);
  expect(seen.height).toBeGreaterThan(500);
});

test('"Export Report..." writes the document of the comparison, as HTML or Markdown by its name', async () => {
  const page = new ComparisonPage(workbench());
  await page.action('export-menu').click();
  await page.action('export-report').click();
  const html = (await saveAs('report.html')).toString();
  expect(html).toMatch(/^<!doctype html>/i);
  expect(html).toContain('<svg');
  expect(html).not.toMatch(/<script|<link|src=/);
  await workbench().page.locator('.notification-toast', { hasText: 'report.html' }).waitFor();
  // The page gets the focus back after a file is saved: a pick that came before would close.
  await workbench().page.waitForTimeout(1000);
  await workbench().runCommand('Offaxis: Export Report...');
  const markdown = (await saveAs('report.md', '.html')).toString();
  expect(markdown).toMatch(/^# What training did: /);
  expect(markdown).toContain('Three quarters of the weights changed');
  expect(markdown).toMatch(/offaxis report .*report\.md/);
  await workbench().row('report.md').waitFor();
});

test('the inspector saves its histogram', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-section="values"] svg').waitFor();
  const figure = page.document.locator('[data-section="values"] ox-figure');
  await figure.locator('.more').focus();
  await workbench().page.keyboard.press('Enter');
  await figure.locator('[data-picture-action="svg"]').click();
  expect((await saveAs('histogram.svg')).toString()).toContain('Histogram of');
  await render('histogram.svg');
});
