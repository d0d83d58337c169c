// The inspector page without VS Code: serves the built page, plays the host, takes a screenshot of every state.
// usage: node test/webview/inspector.preview.mjs INSPECTION.json OUT_DIR [THEMES.css] [NAME_FILTER] [DIST_DIR]
// INSPECTION.json: what `offaxis inspect PATH --stats --spectra --singular-values --json FILE` writes. THEMES.css: the --vscode-*
// variables of :root.vscode-dark, .vscode-light and .vscode-high-contrast. Exits 1 where a page throws, breaks the CSP, overflows
// sideways, or where 35 000 rows are not quick.
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const [inspectionFile, out, themes, filter = '', dist = 'dist/webview'] = process.argv.slice(2);
if (!inspectionFile || !out) {
  console.error(
    'usage: node test/webview/inspector.preview.mjs INSPECTION.json OUT_DIR [THEMES.css] [NAME_FILTER] [DIST_DIR]',
  );
  process.exit(2);
}
const inspection = JSON.parse(readFileSync(inspectionFile, 'utf8'));
mkdirSync(out, { recursive: true });

// ---------- a server with the product's policy ----------
const TYPES = new Map([
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.ttf', 'font/ttf'],
  ['.woff2', 'font/woff2'],
]);
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>model.safetensors</title>
<link rel="stylesheet" href="/themes.css"><link rel="stylesheet" href="/inspector.css"></head>
<body><div id="app"></div><script src="/inspector.js"></script></body></html>`;
const server = createServer((request, response) => {
  const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname);
  const send = (type, body) => response.writeHead(200, { 'content-type': type }).end(body);
  if (name === '' || name === 'index.html') return send('text/html', page);
  if (name === 'favicon.ico') return response.writeHead(204).end();
  if (name === 'themes.css') return send('text/css', themes ? readFileSync(themes) : '');
  for (const folder of [dist, ...(themes ? [join(themes, '../../media')] : [])]) {
    try {
      return send(TYPES.get(extname(name)) ?? 'application/octet-stream', readFileSync(join(folder, name)));
    } catch {
      continue;
    }
  }
  return response.writeHead(404).end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

// ---------- messages ----------
const roleOf = ({ name, layer, shape }) =>
  layer === null
    ? name.includes('embed')
      ? 'embedding'
      : name.includes('head')
        ? 'head'
        : 'norm'
    : shape.length > 1
      ? 'block'
      : 'norm';
function messages(result) {
  let offset = 8;
  const tensors = result.tensors.map((t) => {
    const row = {
      name: t.name,
      layer: t.layer,
      module: t.module,
      dtype: t.dtype,
      shape: t.shape,
      sizeBytes: t.sizeBytes,
      file: 'model.safetensors',
      offset,
      missing: false,
      role: roleOf(t),
      spectral: t.shape.length === 2 && Math.min(...t.shape) >= 2,
    };
    offset += t.sizeBytes;
    return row;
  });
  const facts = {
    path: result.path,
    format: 'safetensors, one file',
    sizeBytes: result.summary.sizeBytes,
    headerBytes: 6104,
    parameters: result.summary.parameters,
    dtypes: result.summary.dtypes,
    shards: [{ file: 'model.safetensors', sizeBytes: result.summary.sizeBytes, missing: false }],
    metadata: result.metadata,
    config: { modelType: 'llama', layers: 6, hiddenSize: 128, attentionHeads: 4, keyValueHeads: 2, headDim: 32 },
    problems: result.problems,
    memory: result.memory,
    tensors,
  };
  const statistics = result.tensors
    .filter((t) => t.stats)
    .map(({ name, stats: { histogram, ...stats } }) => ({ name, stats, histogram }));
  const spectra = result.tensors
    .filter((t) => t.spectrum && t.singularValues)
    .map((t) => ({
      name: t.name,
      tensor: t.name,
      metrics: t.spectrum,
      singularValues: t.singularValues,
      mpEdge: t.spectrum.mpSoftRank === null ? null : Math.sqrt(t.spectrum.mpSoftRank) * t.spectrum.spectralNorm,
      rows: t.shape[0],
      columns: t.shape[1],
      elapsedMs: 12,
      reasons: [],
    }));
  return { facts, statistics, spectra };
}
const whole = messages(inspection);
const { code } = await esbuild.transform(readFileSync('src/protocol/packedFacts.ts', 'utf8'), { loader: 'ts' });
const { packFacts } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
const fresh = () => structuredClone(whole);
const send = ({ facts, statistics, spectra }) => [
  { type: 'facts', facts: packFacts(facts), baseSelected: null },
  { type: 'statistics', values: statistics },
  { type: 'spectra', values: spectra },
];
const MATRIX = 'model.layers.3.self_attn.v_proj.weight';
function problems() {
  const state = fresh();
  const broken = state.statistics.find((s) => s.name.includes('layers.4.mlp.gate'));
  Object.assign(broken.stats, { nan: 3, inf: 1 });
  state.spectra = state.spectra.filter((s) => s.name !== broken.name);
  state.facts.problems = [
    {
      severity: 'error',
      code: 'overlap',
      message: `model.safetensors, tensor "${MATRIX}", byte 412160: begins before the tensor in front of it ends. Download the file again.`,
      tensor: MATRIX,
      byteOffset: 412160,
    },
    {
      severity: 'warning',
      code: 'unknown-field',
      message: 'model.safetensors, tensor "lm_head.weight": unknown field "quant" in its entry, ignored.',
    },
  ];
  return state;
}
const FINDINGS = [
  [
    'error',
    'nan',
    `"${MATRIX}" holds 3 NaN in 8,192 weights, the first at [12, 88]. The run that wrote it diverged, or the file is damaged: go back to an earlier checkpoint.`,
  ],
  [
    'warning',
    'dead-rows',
    `"${MATRIX}" has 2 of 64 rows that hold nothing but zeros: 3, 17. That output is switched off: pruned on purpose, or lost in a conversion.`,
  ],
  [
    'warning',
    'duplicate',
    '"model.layers.1.mlp.up_proj.weight" holds the same bytes as "model.layers.2.mlp.up_proj.weight". Unless layers are shared or were copied on purpose, one of them was saved under the wrong name.',
  ],
  [
    'info',
    'tied-weights',
    '"model.embed_tokens.weight" holds the same bytes as "lm_head.weight": tied weights, stored twice.',
  ],
  [
    'info',
    'scale-outlier',
    '"model.layers.5.self_attn.v_proj.weight" has an RMS of 0.046, 2.48 times the median of its 6 siblings (robust z 5.25). First and last layers often stand apart; compare it with the base.',
  ],
].map(([severity, code, message]) => ({ severity, code, message, tensor: /^"([^"]+)"/.exec(message)[1] }));
const scanned = (findings, change = {}) => ({
  type: 'scan',
  run: {
    state: 'done',
    findings,
    coverage: {
      scanned: 57,
      scannedBytes: 2_222_848,
      notScanned: [],
      rules: [
        'NaN and infinities',
        'all-zero and constant tensors',
        'dead rows and columns',
        'duplicated tensors',
        'fp16 overflow',
        'subnormal weights',
        'scale against sibling layers',
        'missing shards and the index',
      ],
      elapsedMs: 40,
    },
    done: 2_222_848,
    total: 2_222_848,
    secondsLeft: null,
    error: null,
    ...change,
  },
});
const digests = {
  type: 'digests',
  values: [
    { of: 'file', name: 'model.safetensors', sizeBytes: 2_228_960, sha256: '3f2a9c'.padEnd(64, '0123456789abcdef') },
    { of: 'tensor', name: MATRIX, sizeBytes: 16_384, sha256: '9d41b7'.padEnd(64, 'fedcba9876543210') },
  ],
  run: null,
};
/** As many rows as the index of a very large mixture of experts holds; no shard is at hand. */
function large(count = 35_743) {
  const modules = ['gate_proj', 'up_proj', 'down_proj'];
  const tensors = Array.from({ length: count }, (_, i) => {
    const layer = Math.floor(i / 600);
    const expert = Math.floor((i % 600) / 3);
    const module = modules[i % 3];
    return {
      name: `model.layers.${layer}.mlp.experts.${expert}.${module}.weight`,
      layer,
      module: `mlp.experts.${module}`,
      dtype: '?',
      shape: [],
      sizeBytes: 0,
      file: `model-${(i % 163) + 1}-of-000163.safetensors`,
      offset: null,
      missing: true,
      role: 'block',
      spectral: false,
    };
  });
  const shards = Array.from({ length: 163 }, (_, i) => ({
    file: `model-${i + 1}-of-000163.safetensors`,
    sizeBytes: null,
    missing: true,
  }));
  const problem = {
    severity: 'warning',
    code: 'shards-missing',
    message: `163 of 163 shards are missing (model-1-of-000163.safetensors, …); their ${count} tensors are listed, not read. Download them into the same folder.`,
  };
  const facts = { ...fresh().facts, format: 'safetensors, 163 shards', shards, dtypes: { '?': count } };
  return {
    facts: { ...facts, config: null, parameters: 0, problems: [problem], tensors },
    statistics: [],
    spectra: [],
  };
}
/** A layout check: the layers repeated. */
function tiled(layers) {
  const state = fresh();
  const rename = (name, l) => name.replace(/\.\d+\./, `.${l}.`);
  const source = new Map(state.facts.tensors.map((t) => [t.name, t]));
  const repeat = (list, make) =>
    Array.from({ length: layers }, (_, l) =>
      list.filter((x) => source.get(x.name)?.layer === l % 6).map((x) => ({ ...make(x, l), name: rename(x.name, l) })),
    ).flat();
  return {
    facts: { ...state.facts, tensors: repeat(state.facts.tensors, (t, l) => ({ ...t, layer: l })) },
    statistics: repeat(state.statistics, (t) => t),
    spectra: repeat(state.spectra, (t, l) => ({ ...t, tensor: rename(t.tensor, l) })),
  };
}
const half = () => {
  const state = fresh();
  const failed = state.spectra[10].name;
  state.spectra = state.spectra.slice(0, 24).filter((s) => s.name !== failed);
  return [
    ...send(state),
    {
      type: 'failed',
      name: failed,
      error: {
        code: 'read-failed',
        message: `${failed}: the file ended at byte 1 204 224 of 1 236 992. Check the download.`,
      },
    },
  ];
};
const running = { type: 'progress', progress: { phase: 'spectra', done: 24, total: 42, secondsLeft: 9 } };
const engineEnded = {
  type: 'error',
  error: {
    code: 'peer-gone',
    message: 'The Offaxis engine ended. Everything computed so far is kept; run the command again to go on.',
  },
};
const disk = (kind) => ({
  type: 'disk',
  change: {
    kind,
    file: 'model.safetensors',
    at: Date.UTC(2026, 0, 2, 14, 3, 22),
    readAt: Date.UTC(2026, 0, 2, 13, 58, 10),
  },
});
/** One matrix far from its siblings. */
function apart() {
  const state = fresh();
  state.spectra.find((s) => s.name === MATRIX).metrics.spectralNorm *= 9;
  return state;
}
const ui = { selected: MATRIX };
const map = { ...ui, view: 'spectra' };
const THEMES = ['dark', 'light', 'high-contrast'];
const wide = { width: 1280, height: 800 };
const states = [
  ...THEMES.map((theme) => ({ name: `table-${theme}`, theme, messages: send(fresh()), ui })),
  ...THEMES.map((theme) => ({ name: `map-${theme}`, theme, messages: send(fresh()), ui: map })),
  { name: 'map-half', theme: 'dark', messages: [...half(), running], ui: map },
  { name: 'map-table', theme: 'high-contrast', messages: half(), ui: { ...map, table: true, metric: 'std' } },
  { name: 'map-40', theme: 'dark', messages: send(tiled(40)), ui: { ...map, metric: 'spectralNorm' } },
  { name: 'map-start', theme: 'light', messages: send({ ...fresh(), spectra: [] }), ui: map },
  {
    name: 'map-hover',
    theme: 'light',
    messages: half(),
    ui: map,
    act: (p) => p.hover('.heatmap-body', { position: { x: 150, y: 60 } }),
  },
  {
    name: 'map-keyboard',
    theme: 'dark',
    messages: send(fresh()),
    ui: map,
    act: async (p) => {
      await p.focus('.heatmap');
      for (const key of ['ArrowDown', 'ArrowRight']) await p.keyboard.press(key);
    },
  },
  { name: 'table-problems', theme: 'dark', messages: send(problems()), ui: { selected: whole.statistics[0].name } },
  ...THEMES.map((theme) => ({
    name: `scan-found-${theme}`,
    theme,
    messages: [...send(fresh()), scanned(FINDINGS)],
    ui,
  })),
  ...THEMES.map((theme) => ({
    name: `scan-clean-${theme}`,
    theme,
    messages: [...send(fresh()), scanned([]), digests],
    ui: { ...ui, selected: MATRIX },
    act: (p) => p.click('[data-action="memory"]'),
  })),
  {
    name: 'scan-running',
    theme: 'dark',
    messages: [
      ...send(fresh()),
      scanned(FINDINGS.slice(2), { state: 'running', done: 9.1e8, total: 2.2e9, secondsLeft: 14 }),
    ],
    ui,
  },
  {
    name: 'scan-cancelled',
    theme: 'light',
    messages: [...send(fresh()), scanned(FINDINGS.slice(2), { state: 'cancelled', done: 9.1e8, total: 2.2e9 })],
    ui,
  },
  { name: 'table-error', theme: 'light', messages: [...send(fresh()), engineEnded], ui },
  { name: 'cancelled', theme: 'dark', messages: [...half(), { type: 'cancelled', done: 24, total: 42 }], ui: map },
  { name: 'failed-whole', theme: 'dark', messages: [engineEnded], ui },
  { name: 'opening', theme: 'dark', messages: [], ui },
  { name: 'no-match', theme: 'light', messages: send(fresh()), ui: { ...ui, filter: 'nothing here' } },
  {
    name: 'filters',
    theme: 'dark',
    messages: send(fresh()),
    ui: {
      ...ui,
      filters: true,
      grouping: 'module',
      filter: { text: '*_proj', roles: ['block'], layers: '0-3', shape: '>= 2-D', dtypes: [], modules: [] },
    },
  },
  {
    name: 'filter-errors',
    theme: 'light',
    messages: send(fresh()),
    ui: { ...ui, filters: true, filter: { text: '(q|k', regex: true, layers: 'x', shape: '4096xx' } },
  },
  {
    name: 'no-match-chips',
    theme: 'high-contrast',
    messages: send(fresh()),
    ui: { ...ui, filter: { text: 'q_proj', roles: ['norm'], layers: '0-2' } },
  },
  ...THEMES.map((theme) => ({
    name: `outliers-${theme}`,
    theme,
    messages: send(apart()),
    ui: { ...ui, outliers: true, metric: 'spectralNorm' },
  })),
  {
    name: 'wanting',
    theme: 'dark',
    messages: half(),
    ui: { ...ui, sort: { key: 'effectiveRank', direction: 1 }, metric: 'effectiveRank' },
  },
  ...THEMES.map((theme) => ({
    name: `disk-${theme}`,
    theme,
    messages: [...send(fresh()), disk(theme === 'light' ? 'deleted' : 'changed')],
    ui,
  })),
  { name: 'no-spectrum', theme: 'light', messages: send({ ...fresh(), spectra: [] }), ui },
  { name: 'sorted', theme: 'dark', messages: send(fresh()), ui: { ...ui, sort: { key: 'stableRank', direction: -1 } } },
  {
    name: 'metadata',
    theme: 'dark',
    messages: send({ ...fresh(), facts: { ...fresh().facts, metadata: { format: 'pt', note: 'x'.repeat(600) } } }),
    ui,
    act: (p) => p.click('[data-action=metadata]'),
  },
  {
    name: 'table-focus',
    theme: 'high-contrast',
    messages: send(fresh()),
    ui,
    act: async (p) => {
      await p.focus('[role=treegrid]');
      await p.keyboard.press('ArrowUp');
    },
  },
  {
    name: 'readout',
    theme: 'light',
    messages: send(fresh()),
    ui,
    act: async (p) => {
      await p.focus('[data-section=spectrum] .figure');
      for (let i = 0; i < 9; i++) await p.keyboard.press('ArrowRight');
    },
  },
  ...['table', 'map'].flatMap((view) => [
    {
      name: `${view}-700`,
      theme: 'dark',
      messages: send(fresh()),
      ui: view === 'map' ? map : ui,
      size: { width: 700, height: 800 },
    },
    {
      name: `${view}-zoom`,
      theme: 'light',
      messages: send(fresh()),
      ui: view === 'map' ? map : ui,
      size: { width: 640, height: 400 },
    },
  ]),
  { name: 'table-480', theme: 'dark', messages: send(fresh()), ui, size: { width: 480, height: 800 } },
  { name: 'large', theme: 'dark', messages: send(large()), ui: {}, act: measure },
  { name: 'check-keys', theme: 'dark', messages: send(fresh()), ui, act: keys },
  {
    name: 'check-messages',
    theme: 'light',
    messages: send({ ...fresh(), statistics: [], spectra: [] }),
    ui,
    act: talk,
  },
];

// ---------- what the page must do, not only show ----------
function must(condition, text) {
  if (!condition) throw new Error(text);
}
const sent = (p, type) => p.evaluate((t) => window.posted.filter((message) => message.type === t), type);
const detail = (p) => p.getAttribute('[data-detail]', 'data-detail');
const settle = (p) => p.waitForTimeout(80);

/** The table by keyboard alone. */
async function keys(p) {
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i++) await p.keyboard.press(key);
    await settle(p);
  };
  await p.focus('[role=treegrid]');
  await press('Home');
  await press('ArrowDown');
  must((await detail(p)) === 'model.embed_tokens.weight', 'Home and down select the first tensor');
  await press('ArrowDown', 2);
  must((await detail(p)) === 'model.layers.0.self_attn.q_proj.weight', 'down passes the head of a layer');
  await press('ArrowLeft', 2);
  must((await p.getAttribute('[data-group="Layer 0"]', 'aria-expanded')) === 'false', 'left closes the layer');
  await press('ArrowRight', 2);
  must((await p.getAttribute('[data-group="Layer 0"]', 'aria-expanded')) === 'true', 'right opens the layer');
  must((await p.locator('.trow.sel').getAttribute('data-tensor')) !== null, 'right goes on to its first tensor');
  await press('End');
  must((await detail(p)) === whole.facts.tensors.at(-1).name, 'End selects the last tensor');
  must(await p.locator('.trow.sel').isVisible(), 'the selected row is in view');
  await press('Enter');
  must(await p.evaluate(() => document.activeElement?.closest('ox-detail') !== null), 'Enter goes to the detail');
  await press('Escape');
  must(await p.evaluate(() => document.activeElement?.getAttribute('role') === 'treegrid'), 'Escape comes back');
  await press('/');
  await p.keyboard.type('layers.2 up');
  await settle(p);
  must((await p.locator('[data-tensor]').count()) === 1, 'the filter leaves one tensor');
  await press('Escape');
  must((await p.locator('[data-tensor]').count()) > 10, 'Escape clears the filter');
  await p.click('[data-column=weights]');
  await settle(p);
  must((await p.getAttribute('[role=columnheader].c-weights', 'aria-sort')) === 'descending', 'a head sorts');
  await p.waitForTimeout(300);
  const stored = await p.evaluate(() => window.stored);
  must(stored.sort.key === 'weights' && stored.selected !== null, 'the choices are stored');
}

/** What the page asks of the host. */
async function talk(p) {
  await p.waitForTimeout(200);
  const wishes = await sent(p, 'statistics');
  must(
    wishes.length === 1 && wishes[0].tensors.length === whole.statistics.length,
    'all of a small file is asked for, once',
  );
  await p.click('[data-action=compute-spectrum]');
  await p.click('[data-action=analyze]');
  const [one, all] = await sent(p, 'spectra');
  must(one.tensors.length === 1 && one.tensors[0] === MATRIX, 'one spectrum');
  must(all.tensors.length === 0, 'all spectra');
  await p.waitForSelector('[data-map]', { timeout: 2000 });
  await p.evaluate((message) => window.postMessage(message, '*'), running);
  await p.click('[data-action=cancel]');
  must((await sent(p, 'cancel')).length === 1, 'cancel');
  await p.evaluate((m) => window.postMessage(m, '*'), { type: 'reveal', tensor: whole.facts.tensors.at(-2).name });
  await p.waitForTimeout(200);
  must((await detail(p)) === whole.facts.tensors.at(-2).name, 'reveal selects');
  must(await p.locator('.trow.sel').isVisible(), 'reveal scrolls');
  await p.evaluate((message) => window.postMessage(message, '*'), engineEnded);
  await p.click('[data-action=retry]');
  await p.click('[data-action=compare]');
  must((await sent(p, 'retry')).length === 1 && (await sent(p, 'compareWithBase')).length === 1, 'retry and compare');
}

/** Scrolling to the end and filtering, in milliseconds until the rows are there. */
async function measure(p) {
  const times = await p.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const body = document.querySelector('[role=treegrid]');
    const time = async (act, isThere) => {
      const start = performance.now();
      act();
      while (!isThere()) {
        if (performance.now() - start > 5000)
          throw new Error(
            `not there after 5 s: ${document.querySelectorAll('.trow').length} rows, last ${last()}, scrolled ${body.scrollTop} of ${body.scrollHeight}`,
          );
        await frame();
      }
      return performance.now() - start;
    };
    const last = () => [...document.querySelectorAll('[data-tensor]')].at(-1)?.dataset.tensor ?? '';
    const scroll = await time(
      () => (body.scrollTop = body.scrollHeight),
      () => last().includes('layers.59.'),
    );
    const input = document.querySelector('input[type=search]');
    const search = await time(
      () => {
        input.value = 'experts.77.up';
        input.dispatchEvent(new Event('input'));
      },
      () => document.querySelectorAll('[data-tensor]').length > 10 && last().includes('experts.77.up'),
    );
    return { scroll, search, rows: document.querySelectorAll('.trow').length };
  });
  console.log(
    `  large: scroll to the end ${times.scroll.toFixed(0)} ms, filter ${times.search.toFixed(0)} ms, ${times.rows} rows drawn`,
  );
  if (times.scroll > 500 || times.search > 1000 || times.rows > 200) throw new Error('35 000 rows are not quick.');
}

// ---------- shots ----------
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
let bad = 0;
for (const state of states.filter(({ name }) => name.includes(filter))) {
  const context = await browser.newContext({ viewport: state.size ?? wide });
  const p = await context.newPage();
  const complain = (text) => {
    bad++;
    console.error(`${state.name}: ${text}`);
  };
  p.on('pageerror', (error) => complain(`threw ${error.stack ?? error.message}`));
  p.on('console', (message) => {
    if (message.type() === 'error') complain(message.text());
  });
  await p.addInitScript(
    ({ theme, stored, list }) => {
      const classes = () => {
        document.documentElement.classList.add(`vscode-${theme}`);
        document.body?.classList.add(`vscode-${theme}`);
      };
      document.addEventListener('DOMContentLoaded', classes);
      window.posted = [];
      window.acquireVsCodeApi = () => ({
        getState: () => stored,
        setState: (next) => (window.stored = next),
        postMessage: (message) => {
          window.posted.push(message);
          if (message.type === 'ready') for (const each of list) window.postMessage(each, '*');
        },
      });
    },
    { theme: state.theme, stored: state.ui, list: state.messages },
  );
  await p.goto(url);
  if (state.messages.length)
    await p.waitForSelector('body[data-ready=yes]', { timeout: 10_000 }).catch((e) => complain(String(e)));
  await p.waitForTimeout(250);
  try {
    await state.act?.(p);
  } catch (error) {
    complain(String(error));
  }
  await p.waitForTimeout(150);
  const over = await p.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) complain(`is ${over} px wider than the window`);
  await p.screenshot({ path: join(out, `${state.name}.png`), fullPage: Boolean(state.size) });
  await context.close();
}
await browser.close();
server.close();
process.exit(bad ? 1 : 0);
