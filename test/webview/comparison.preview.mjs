// The comparison page without VS Code: serves the built page, plays the host, takes a screenshot of every state.
// usage: node test/webview/comparison.preview.mjs MESSAGES.json OUT_DIR [THEMES.css] [NAME_FILTER] [DIST_DIR]
// MESSAGES.json: {state, tensors, details} as the host sends them for a finished run; THEMES.css: the --vscode-* variables of
// :root.vscode-dark, .vscode-light and .vscode-high-contrast. Exits 1 where a page throws, breaks the CSP or overflows sideways.
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { chromium } from 'playwright-core';

const [messagesFile, out, themes, filter = '', dist = 'dist/webview'] = process.argv.slice(2);
if (!messagesFile || !out) {
  console.error(
    'usage: node test/webview/comparison.preview.mjs MESSAGES.json OUT_DIR [THEMES.css] [NAME_FILTER] [DIST_DIR]',
  );
  process.exit(2);
}
const full = JSON.parse(readFileSync(messagesFile, 'utf8'));
mkdirSync(out, { recursive: true });

const TYPES = new Map([
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.ttf', 'font/ttf'],
  ['.woff2', 'font/woff2'],
]);
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'">
<title>Comparison</title><link rel="stylesheet" href="/themes.css"><link rel="stylesheet" href="/comparison.css"></head>
<body><script src="/comparison.js"></script></body></html>`;
const server = createServer((request, response) => {
  const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname);
  const send = (type, body) => response.writeHead(200, { 'content-type': type }).end(body);
  try {
    if (name === '' || name === 'index.html') return send('text/html', page);
    if (name === 'themes.css') return send('text/css', themes ? readFileSync(themes) : '');
    const folders = [dist, ...(themes ? [join(themes, '../../media')] : [])];
    for (const folder of folders) {
      try {
        return send(TYPES.get(extname(name)) ?? 'application/octet-stream', readFileSync(join(folder, name)));
      } catch {
        continue;
      }
    }
    response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

// ---------- the states, each from the messages of a finished run ----------
const clone = () => structuredClone(full);
const spectral = (t) => t.metrics.maskRank !== undefined;
const withoutSpectra = (t) => ({
  ...t,
  metrics: Object.fromEntries(
    [
      'unchangedBf16',
      'unchangedRelative',
      'unchangedAbsolute',
      'updateDensity',
      'baseNorm',
      'updateNorm',
      'relativeUpdate',
    ]
      .map((id) => [id, t.metrics[id]])
      .concat([
        ['base', {}],
        ['tuned', {}],
      ]),
  ),
});
/** `share` of the matrices computed, one failed, one absent. */
function partial(phase, share = 0.6) {
  const all = clone();
  const matrices = all.tensors.filter(spectral);
  const cut = Math.round(matrices.length * share);
  const failed = matrices[Math.floor(cut / 2)];
  const absent = matrices[Math.floor(cut / 3)];
  const keep = new Set(matrices.slice(0, cut).filter((t) => t !== failed));
  all.tensors = all.tensors
    .filter((t) => t !== absent)
    .map((t) => (spectral(t) && !keep.has(t) ? withoutSpectra(t) : t));
  all.state.plan.pairs = all.state.plan.pairs.filter((p) => p.name !== absent.name);
  all.state.plan.unpaired.baseOnly.push(absent.name);
  all.state.phase = phase;
  if (phase === 'running')
    all.state.progress = { phase: 'spectra', done: keep.size, total: matrices.length - 1, secondsLeft: 9 };
  all.failed = [
    {
      name: failed.name,
      error: {
        code: 'read-failed',
        message: `${failed.name}: the file ended at byte 1 204 224 of 1 236 992 while reading. Check that the download is complete.`,
      },
    },
  ];
  return all;
}
/** A layout check: the layers repeated. */
function tiled(layers) {
  const all = clone();
  const own = all.state.plan.layers;
  const repeat = (list) =>
    Array.from({ length: layers }, (_, l) =>
      list
        .filter((t) => t.layer === l % own)
        .map((t) => ({ ...t, layer: l, name: t.name.replace(/\.\d+\./, `.${l}.`) })),
    ).flat();
  const rest = (list) => list.filter((t) => t.layer === null);
  const details = new Map(all.details.map((d) => [d.name, d]));
  all.details = repeat(all.tensors.map((t) => ({ layer: t.layer, name: t.name, from: t.name })))
    .filter((d) => details.has(d.from))
    .map((d) => ({ ...details.get(d.from), name: d.name }));
  all.tensors = [...repeat(all.tensors), ...rest(all.tensors)];
  all.state.plan.pairs = [...repeat(all.state.plan.pairs), ...rest(all.state.plan.pairs)];
  all.state.plan.layers = layers;
  return all;
}
/** Some matrices clear of both nulls: a minority that the mean hides. */
function minority() {
  const all = clone();
  all.tensors.filter(spectral).forEach((t, i) => {
    if (i % 14 === 3)
      Object.assign(t.metrics, {
        principalPosition: -0.5,
        principalPositionStep: -0.4,
        principalZ: -21,
        principalLift: 0.7,
        principalOverlap: 0.15,
      });
    if (i === 9) Object.assign(t.metrics, { jointEnergy: t.metrics.jointEnergyBaseline * 1.1 });
  });
  return all;
}
function waiting(phase) {
  const all = clone();
  Object.assign(all, { tensors: [], details: [] });
  all.state.phase = phase;
  if (phase === 'planning') Object.assign(all.state, { plan: null, backend: null });
  if (phase === 'running')
    all.state.progress = { phase: 'change', done: 0, total: all.state.plan.pairs.length, secondsLeft: null };
  if (phase === 'failed')
    all.state.error = {
      code: 'peer-gone',
      message: 'The engine ended while reading rl/model.safetensors. Retry goes on where it stopped.',
    };
  if (phase === 'planned') {
    all.state.plan.skipped.push({ name: 'model.rotary.inv_freq', reason: 'integer tensors are left out' });
    all.state.plan.unpaired.tunedOnly.push('lm_head.bias');
  }
  return all;
}
function empty() {
  const all = waiting('planned');
  all.state.plan.unpaired = {
    baseOnly: all.state.plan.pairs.map((p) => p.name),
    tunedOnly: ['transformer.h.0.attn.c_attn.weight', 'transformer.wte.weight'],
  };
  Object.assign(all.state.plan, { pairs: [], layers: 0, skipped: [] });
  all.state.tunedName = 'gpt2';
  return all;
}
/** Four matrices in every cell of the MLP, and fifteen columns. */
function wide() {
  const all = clone();
  const add = (list) =>
    list.flatMap((t) =>
      /mlp/.test(t.module)
        ? [0, 1, 2, 3]
            .map((e) => ({
              ...t,
              name: t.name.replace('mlp.', `mlp.experts.${e}.`),
              module: t.module.replace('mlp.', 'mlp.experts.'),
            }))
            .concat([
              {
                ...t,
                name: t.name.replace('mlp.', 'mlp.shared_expert.'),
                module: t.module.replace('mlp.', 'mlp.shared_expert.'),
              },
            ])
        : t.layer === null
          ? [t]
          : [
              t,
              {
                ...t,
                name: t.name.replace('self_attn', 'cross_attn'),
                module: t.module.replace('self_attn', 'cross_attn'),
              },
            ],
    );
  const details = new Map(all.details.map((d) => [d.name, d]));
  const before = all.tensors;
  all.tensors = add(before);
  all.details = add(before.map((t) => ({ name: t.name, module: t.module, layer: t.layer, from: t.name })))
    .filter((d) => details.has(d.from))
    .map((d) => ({ ...details.get(d.from), name: d.name }));
  all.state.plan.pairs = add(all.state.plan.pairs);
  return all;
}

const cell = (layer, module) => ({ cell: { layer, module } });
const V3 = cell(3, 'self_attn.v_proj');
/** [name, theme, messages, ui state, width, height, scale, action] */
const SHOTS = [
  ['done-dark', 'dark', clone(), V3, 1280, 800],
  ['done-light', 'light', clone(), V3, 1280, 800],
  ['done-hc', 'high-contrast', clone(), V3, 1280, 800],
  ['full-dark', 'dark', clone(), V3, 1280, 1750],
  ['full-light', 'light', clone(), cell(0, 'self_attn.o_proj'), 1280, 1750],
  ['hover-light', 'light', clone(), cell(5, 'mlp.down_proj'), 1280, 800, 1, (p) => hover(p, 0.3, 0.6)],
  ['hover-dark', 'dark', clone(), V3, 1280, 800, 1, (p) => hover(p, 0.15, 0.3)],
  ['metric-light', 'light', clone(), { ...cell(3, 'mlp.down_proj'), metric: 'nss' }, 1280, 800],
  [
    'angle-focus-hc',
    'high-contrast',
    clone(),
    { ...cell(2, 'mlp.up_proj'), metric: 'angleVMax' },
    1280,
    800,
    1,
    (p) => p.focus('.heatmap'),
  ],
  ['lift-dark', 'dark', clone(), { ...V3, metric: 'principalLift' }, 1280, 800],
  ['table-hc', 'high-contrast', clone(), { ...V3, table: true }, 1280, 800],
  ['table-dark', 'dark', clone(), { ...V3, table: true, metric: 'unchangedBf16' }, 1280, 800],
  ['running-dark', 'dark', partial('running'), cell(1, 'self_attn.v_proj'), 1280, 800],
  ['running-light', 'light', partial('running'), cell(5, 'mlp.down_proj'), 1280, 800],
  ['cancelled-light', 'light', partial('cancelled'), cell(2, 'self_attn.v_proj'), 1280, 800],
  ['first-dark', 'dark', waiting('running'), {}, 1280, 800],
  ['planning-dark', 'dark', waiting('planning'), {}, 1280, 800],
  ['planned-dark', 'dark', waiting('planned'), {}, 1280, 800],
  ['planned-light', 'light', waiting('planned'), {}, 1280, 800],
  ['planned-hc', 'high-contrast', waiting('planned'), {}, 700, 900],
  ['failed-light', 'light', waiting('failed'), {}, 1280, 800],
  ['empty-light', 'light', empty(), {}, 1280, 800],
  ['minority-dark', 'dark', minority(), V3, 1280, 1300],
  ['layers40-dark', 'dark', tiled(40), cell(17, 'self_attn.v_proj'), 1280, 800],
  [
    'layers40-scrolled-light',
    'light',
    tiled(40),
    cell(17, 'self_attn.v_proj'),
    1280,
    800,
    1,
    (p) => p.evaluate(() => (document.querySelector('ox-map .pane').scrollTop = 190)),
  ],
  [
    'layers100-hc',
    'high-contrast',
    tiled(100),
    cell(90, 'self_attn.v_proj'),
    1280,
    800,
    1,
    async (p) => {
      await p.focus('.heatmap');
      await p.keyboard.press('PageDown');
    },
  ],
  ['wide-dark', 'dark', wide(), cell(1, 'mlp.experts.up_proj'), 1280, 800],
  ['wide-light', 'light', wide(), { ...cell(1, 'mlp.experts.up_proj'), metric: 'principalLift' }, 1280, 800],
  ['700-dark', 'dark', clone(), V3, 700, 1600],
  ['zoom200-light', 'light', clone(), V3, 640, 400, 2],
  ['zoom200-full-dark', 'dark', clone(), V3, 640, 2600, 1],
  ['narrow-light', 'light', clone(), V3, 400, 1500],
];
async function hover(p, x, y) {
  const box = await p.locator('.heatmap-body').boundingBox();
  await p.mouse.move(box.x + x * box.width, box.y + y * box.height);
}

let bad = 0;
const complain = (name, what) => {
  bad++;
  console.log(`${name}: ${what}`);
};
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'],
});
async function open(name, theme, messages, ui, width, height, scale) {
  const tab = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
  tab.on('console', (m) => m.type() === 'error' && complain(name, m.text()));
  tab.on('pageerror', (e) => complain(name, e.message));
  await tab.addInitScript(
    ({ theme, ui, messages }) => {
      new MutationObserver((_, observer) => {
        if (!document.documentElement) return;
        document.documentElement.classList.add(`vscode-${theme}`);
        observer.disconnect();
      }).observe(document, { childList: true });
      addEventListener('DOMContentLoaded', () => document.body.classList.add(`vscode-${theme}`));
      window.posted = [];
      window.stored = ui;
      window.acquireVsCodeApi = () => ({
        getState: () => window.stored,
        setState: (s) => (window.stored = s),
        postMessage: (m) => {
          window.posted.push(m);
          if (m.type !== 'ready') return;
          const send = (data) => window.postMessage(data, '*');
          send({ type: 'state', state: messages.state, reset: true });
          send({
            type: 'results',
            tensors: messages.tensors,
            details: messages.details,
            failed: messages.failed ?? [],
          });
        },
      });
    },
    { theme, ui, messages },
  );
  await tab.goto(url);
  await tab.waitForSelector('body[data-ready]', { timeout: 8000 }).catch(() => complain(name, 'not ready'));
  await tab.waitForTimeout(250);
  return tab;
}
for (const [name, theme, messages, ui, width, height, scale = 1, action] of SHOTS) {
  if (filter && !new RegExp(filter).test(name)) continue;
  const tab = await open(name, theme, messages, ui, width, height, scale);
  await action?.(tab);
  await tab.waitForTimeout(120);
  const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (over > 0) complain(name, `overflows sideways by ${over}`);
  await tab.screenshot({ path: join(out, `${name}.png`) });
  await tab.close();
}

// ---------- what the page does ----------
const settled = (tab) => tab.waitForTimeout(80);
const posted = (tab) => tab.evaluate(() => window.posted.map((m) => m.type + (m.name ? ` ${m.name}` : '')));
const same = (name, got, wanted) => {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    complain(name, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
};
const BEHAVIOUR = [
  [
    'keys move the selection, step the metric, go into the detail and back',
    clone(),
    V3,
    async (tab, name) => {
      const at = () => tab.evaluate(() => document.querySelector('.map').dataset.cell);
      const focused = () => tab.evaluate(() => document.activeElement?.closest('ox-map, ox-detail')?.tagName ?? '');
      await tab.focus('.heatmap');
      for (const [key, cell] of [
        ['ArrowRight', '3,self_attn.o_proj'],
        ['ArrowDown', '4,self_attn.o_proj'],
        ['Home', '4,self_attn.q_proj'],
        ['End', '4,mlp.down_proj'],
        ['PageUp', '0,mlp.down_proj'],
        ['PageDown', '5,mlp.down_proj'],
        ['ArrowDown', '5,mlp.down_proj'],
      ]) {
        await tab.keyboard.press(key);
        same(`${name}: ${key}`, await at(), cell);
      }
      await settled(tab);
      const mirrored = await tab.evaluate(() => {
        const grid = document.querySelector('.heatmap');
        return document.getElementById(grid.getAttribute('aria-activedescendant'))?.textContent ?? '';
      });
      if (!/^Layer 5, mlp\.down_proj; Mask view [\d.]+; Energy view [\d.]+$/.test(mirrored))
        complain(name, `mirrored "${mirrored}"`);
      same(name, await tab.textContent('ox-detail h2'), 'Layer 5, mlp.down_proj');
      await tab.keyboard.press(']');
      await settled(tab);
      same(name, await tab.inputValue('.toolbar select'), 'principalLift');
      await tab.keyboard.press('[');
      await settled(tab);
      same(name, await tab.inputValue('.toolbar select'), 'views');
      await tab.keyboard.press('Enter');
      same(name, await focused(), 'OX-DETAIL');
      await tab.keyboard.press('Escape');
      same(name, await focused(), 'OX-MAP');
      same(name, await tab.evaluate(() => window.stored.cell), { layer: 5, module: 'mlp.down_proj' });
    },
  ],
  [
    'a click selects, buttons post',
    clone(),
    V3,
    async (tab, name) => {
      const box = await tab.locator('.heatmap-body').boundingBox();
      await tab.mouse.click(box.x + 55, box.y + 10);
      await settled(tab);
      same(name, await tab.textContent('ox-detail h2'), 'Layer 0, self_attn.q_proj');
      await tab.click('[data-action=export]');
      await tab.click('[data-action=copy-command-line]');
      await tab.click('[data-action=open-tuned]');
      await tab.selectOption('.toolbar select', 'angleVMax');
      await tab.click('[data-action=fit]');
      await tab.click('[data-action=table]');
      await settled(tab);
      same(name, await tab.locator('table.twin tbody tr').count(), 6);
      same(name, await posted(tab), [
        'ready',
        'export',
        'copyCommandLine',
        'openTensor model.layers.0.self_attn.q_proj.weight',
      ]);
      same(name, await tab.evaluate(() => [window.stored.metric, window.stored.fit, window.stored.table]), [
        'angleVMax',
        false,
        true,
      ]);
    },
  ],
  [
    'every metric draws',
    partial('cancelled'),
    V3,
    async (tab) => {
      const ids = await tab.locator('.toolbar select option').evaluateAll((options) => options.map((o) => o.value));
      if (ids.length < 100) complain('every metric draws', `${ids.length} metrics`);
      for (const id of ids) await tab.selectOption('.toolbar select', id);
    },
  ],
  [
    'a running comparison: cancel, and a pending cell asks to go first',
    partial('running'),
    V3,
    async (tab, name) => {
      await tab.focus('.heatmap');
      await tab.keyboard.press('PageDown');
      await tab.keyboard.press('End');
      await tab.click('[data-action=cancel]');
      same(name, (await posted(tab)).slice(-2), ['prioritize model.layers.5.mlp.down_proj.weight', 'cancel']);
      same(name, await tab.evaluate(() => document.body.dataset.phase), 'running');
    },
  ],
  [
    'resume',
    partial('cancelled'),
    V3,
    async (tab, name) => (await tab.click('[data-action=resume]'), same(name, await posted(tab), ['ready', 'resume'])),
  ],
  [
    'start',
    waiting('planned'),
    {},
    async (tab, name) => (await tab.click('[data-action=start]'), same(name, await posted(tab), ['ready', 'start'])),
  ],
  [
    'choose another',
    empty(),
    {},
    async (tab, name) => (
      await tab.click('[data-action=choose-another]'),
      same(name, await posted(tab), ['ready', 'chooseAnother'])
    ),
  ],
];
for (const [name, messages, ui, check] of BEHAVIOUR) {
  if (filter && !new RegExp(filter).test(name)) continue;
  const tab = await open(name, 'dark', messages, ui, 1280, 800, 1);
  await check(tab, name).catch((error) => complain(name, error.message));
  await tab.close();
}
await browser.close();
server.close();
process.exitCode = bad ? 1 : 0;
