/**
 * Both pages in a made-up language that puts every translated piece in «brackets»: what has letters outside of them was never given to
 * `t`, or was glued in as an argument. Real engine, real files, the built pages, a plain browser.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureChromium } from '../../scripts/lib/tools.mjs';
import { ComparisonController } from '../../src/comparison/controller.ts';
import { ComparisonStore } from '../../src/comparison/store.ts';
import { InspectorSession } from '../../src/editor/session.ts';
import { EngineClient } from '../../src/engine/client.ts';
import { launchEngine } from '../../src/engine/launch.ts';
import { unpackFacts } from '../../src/protocol/packedFacts.ts';
import { DEFAULT_PARAMETERS } from '../../src/protocol/results.ts';
import type { ComparisonToView, InspectorToView } from '../../src/protocol/views.ts';

const root = join(import.meta.dirname, '../..');
const sample = (name: string): string => join(root, 'media/samples', name);
const MATRIX = { layer: 1, module: 'self_attn.q_proj' };
const TENSOR = 'model.layers.1.self_attn.q_proj.weight';
const write = (): void => undefined;
const services = { log: { info: write, debug: write, warn: write, error: write }, onActivity: write };
const watchFolder = (): { dispose(): void } => ({ dispose: write });

/** Brackets around what stands between the placeholders, so that arguments lie outside. */
const bracketed = (message: string): string =>
  message
    .split(/(\{\d+\})/)
    .map((part) => (/^\{\d+\}$/.test(part) || !/\p{L}/u.test(part) ? part : `«${part}»`))
    .join('');
const bundle = Object.fromEntries(
  Object.keys(JSON.parse(readFileSync(join(root, 'l10n/bundle.l10n.json'), 'utf8')) as object).map((message) => [
    message,
    bracketed(message),
  ]),
);

let folder: string;
let server: Server;
let browser: Browser;
let engine: EngineClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-pseudo-'));
  engine = new EngineClient({
    log: services.log,
    launch: () =>
      launchEngine({
        file: join(root, 'dist/engine.mjs'),
        arguments: ['--backend', 'cpu', '--threads', '2'],
        log: services.log,
      }),
  });
  const block = JSON.stringify(bundle).replaceAll('<', '\\u003c');
  server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (/^(inspector|comparison)$/.test(name))
      return response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(
          `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="/${name}.css"></head><body><script type="application/json" id="l10n">${block}</script><script src="/${name}.js"></script></body></html>`,
        );
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : null;
    if (!type) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': type }).end(readFileSync(join(root, 'dist/webview', name)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
});
afterAll(async () => {
  await browser.close();
  server.close();
  engine.dispose();
  rmSync(folder, { recursive: true });
});

/** What the engine says is data: names, paths, types, its own sentences. Ids such as "done" are not let through. */
function dataOf(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    if (/[\d_./ ]/.test(value) && /\p{L}/u.test(value)) found.add(value);
  } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
    for (const inner of Object.values(value)) dataOf(inner, found);
  return found;
}
/** Short names of modules and of files, types, units, figures known by their letters, keys of the keyboard. */
const KNOWN =
  /Δσ|\bfloat(?:32|64)\b|\blayers\.\d+|\b\w+_proj\b|format pt, note|\b(?:gate|up|down|llama|rl|base|tuned|model|samples|weight|lm_head|embed_tokens|norm|input_layernorm|post_attention_layernorm|BF16|bf16|F32|NaN|SHA|NSS|NumPy|CSV|TSV|MB|kB|GB|ms|min|log|sin|mn|config\.json)\b/g;

/** Every visible text and label with letters that nobody translated. */
async function untranslated(page: string, messages: readonly unknown[], ui: object): Promise<string[]> {
  const tab = await browser.newPage({ viewport: { width: 1500, height: 2400 } });
  const failures: string[] = [];
  tab.on('pageerror', (error) => failures.push(`page error: ${error.message}`));
  await tab.addInitScript(
    ({ messages, ui }) => {
      let stored: unknown = ui;
      Object.assign(window, {
        acquireVsCodeApi: () => ({
          getState: () => stored,
          setState: (state: unknown) => (stored = state),
          postMessage: (message: { type: string }) => {
            if (message.type === 'ready') for (const each of messages) window.postMessage(each, '*');
          },
        }),
      });
    },
    { messages: [...messages], ui },
  );
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${page}`, { timeout: 120_000 });
  await tab.waitForSelector('body[data-ready]', { timeout: 120_000 });
  await tab.waitForTimeout(300);
  const texts = await tab.evaluate(() => {
    const found: string[] = [];
    for (const element of document.body.querySelectorAll('*')) {
      if (element.tagName === 'SCRIPT') continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'label', 'alt'])
        if (element.hasAttribute(name)) found.push(element.getAttribute(name) ?? '');
      for (const node of element.childNodes)
        if (node.nodeType === Node.TEXT_NODE && element.namespaceURI !== null) found.push(node.textContent ?? '');
    }
    return found;
  });
  await tab.close();
  expect(texts.filter((text) => text.includes('«')).length).toBeGreaterThan(20);
  // rows travel packed, as JSON
  const packed = messages.flatMap((each) => {
    const { facts } = each as { facts?: { tensors?: unknown } };
    return typeof facts?.tensors === 'string' ? [JSON.parse(facts.tensors) as unknown] : [];
  });
  const data = [...dataOf([messages, packed])].sort((a, b) => b.length - a.length);
  const outside = (text: string): string => {
    let rest = text.replace(/«[^»]*»/g, ' ');
    for (const name of data) rest = rest.replaceAll(name, ' ');
    return rest.replace(KNOWN, ' ');
  };
  return [...failures, ...new Set(texts.map((text) => text.trim()).filter((text) => /\p{L}{2}/u.test(outside(text))))];
}

test('the inspector has no words outside the bundle', async () => {
  const messages: InspectorToView[] = [];
  const session = new InspectorSession(sample('rl'), {
    ...services,
    engine,
    watchFolder,
    baseSelected: () => null,
    mayDownload: () => Promise.resolve(true),
  });
  await session.attach((message) => messages.push(message));
  const facts = messages.find((message) => message.type === 'facts');
  if (!facts) throw new Error('no facts');
  const { tensors } = unpackFacts(facts.facts);
  session.requestStatistics(tensors.map(({ name }) => name));
  void session.requestSpectra([]);
  const count = (type: 'statistics' | 'spectra'): number =>
    messages.reduce((sum, message) => sum + (message.type === type ? message.values.length : 0), 0);
  await expect.poll(() => count('spectra') > 40 && count('statistics') > 50, { timeout: 300_000 }).toBe(true);
  session.dispose();
  const views = [
    { selected: TENSOR, filters: true, filter: { regex: true, text: '(', layers: 'x', shape: 'y' } },
    { selected: TENSOR, filters: true },
    { selected: TENSOR, view: 'spectra' },
    { view: 'spectra', table: true, selected: 'model.norm.weight' },
    { selected: TENSOR, tab: 'values', outliers: true },
    { selected: TENSOR, tab: 'picture', grouping: 'module' },
  ];
  const found = await Promise.all(views.map((ui) => untranslated('inspector', messages, ui)));
  expect([...new Set(found.flat())]).toEqual([]);
});

test('the comparison has no words outside the bundle', async () => {
  const messages: ComparisonToView[] = [];
  const controller = new ComparisonController(
    { base: sample('base'), tuned: sample('rl'), parameters: DEFAULT_PARAMETERS },
    { ...services, engine, watchFolder, store: new ComparisonStore(folder) },
  );
  controller.attach((message) => messages.push(structuredClone(message)));
  await controller.open();
  const last = messages.filter((message) => message.type === 'state').at(-1);
  expect(last?.state.phase).toBe('done');
  if (!last) return;
  const done = messages;
  const planned: ComparisonToView[] = [
    ...messages.filter((message) => message.type === 'plan'),
    { ...last, state: { ...last.state, phase: 'planned' } },
  ];
  const found = new Set<string>();
  for (const [sent, ui] of [
    [done, { cell: MATRIX }],
    [done, { cell: MATRIX, tab: 'where', figure: 'principalPosition', table: true }],
    [done, { tab: 'spectrum', figure: 'nss', fit: true }],
    [done, { tab: 'where', clause: 3, brush: { from: 1, to: 2 } }],
    [planned, {}],
  ] as const)
    for (const text of await untranslated('comparison', sent, ui)) found.add(text);
  expect([...found]).toEqual([]);
});
