/** Checkpoints at remote addresses: opened, compared, refused in a sentence, and let in by a token that nobody sees. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { HubServer, TOKEN } from '../unit/bytes/hubServer.ts';
import { WebServer } from '../unit/bytes/webServer.ts';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const sample = (name: string, file: string): Uint8Array =>
  readFileSync(join(inject('installation').root, 'media', 'samples', name, file));
const ADDRESS = 'hf://owner/name';
const SIGNATURE = 'onlyForTheServer';

let web: WebServer;
let hub: HubServer;
/** of VS Code: it is started by the hook below */
const env: Record<string, string> = {};
beforeAll(async () => {
  web = await WebServer.start();
  for (const name of ['base', 'rl'])
    for (const file of ['model.safetensors', 'config.json']) web.put(`/${name}/${file}`, sample(name, file));
  hub = await HubServer.start();
  hub.isPrivate = true;
  hub.commit('org/base', {
    'model.safetensors': sample('base', 'model.safetensors'),
    'config.json': sample('base', 'config.json'),
  });
  Object.assign(env, { HF_ENDPOINT: hub.origin, HF_TOKEN: '' });
});
afterAll(async () => {
  await web.stop();
  await hub.stop();
});
const { workbench } = session({ env });

const open = (address: string): Promise<void> =>
  workbench().enter(() => workbench().runCommand('Offaxis: Open Remote Checkpoint...'), ADDRESS, address);
const closeAll = (): Promise<void> => workbench().runCommand('View: Close All Editors');

const removeToken = (): Promise<void> =>
  workbench().announces('Hugging Face token removed', () =>
    workbench().enter(() => workbench().runCommand('Offaxis: Set Hugging Face Token...'), 'hf_…', ''),
  );

/** What a command says went wrong; taken away again. */
async function toast(text: RegExp): Promise<void> {
  const shown = workbench().page.locator('.notifications-toasts .notification-list-item', { hasText: text });
  await shown.waitFor();
  await shown.hover();
  await shown.locator('.codicon-notifications-clear').click();
  await shown.waitFor({ state: 'hidden' });
}

test('an address opens by ranges, in a tab that is called as the file is', async () => {
  await open(`${web.origin}/base/model.safetensors`);
  await workbench().tab('model.safetensors').waitFor();
  const page = new InspectorPage(workbench());
  await page.open('model.layers.3.self_attn.v_proj.weight');
  expect(await page.fact('Config')).toMatch(/layers/);
  const weights = web.requests.filter(({ path }) => path === '/base/model.safetensors');
  expect(weights.every(({ headers }) => headers.range?.startsWith('bytes='))).toBe(true);
  await closeAll();
});

test('both sides of a comparison are entered as addresses', async () => {
  const { page } = workbench();
  const input = page.locator('.quick-input-widget input').and(page.getByPlaceholder(ADDRESS));
  const enter = async (address: string): Promise<void> => {
    await input.fill(address);
    await input.press('Enter');
    await input.waitFor({ state: 'hidden' });
  };
  await workbench().choose(() => workbench().runCommand('Offaxis: Compare Checkpoints...'), {
    placeholder: /^The base/,
    row: 'Enter an Address...',
  });
  await enter(`${web.origin}/base/model.safetensors`);
  await workbench().choose(async () => undefined, { placeholder: /^The tuned one/, row: 'Enter an Address...' });
  await enter(`${web.origin}/rl/model.safetensors`);
  const comparison = new ComparisonPage(workbench());
  await comparison.complete(42);
  await closeAll();
});

test('what is private in an address reaches its server, and is shown nowhere', async () => {
  const before = web.requests.length;
  await open(`${web.origin}/rl/model.safetensors?X-Amz-Signature=${SIGNATURE}`);
  const page = new InspectorPage(workbench());
  await page.open('model.norm.weight');
  expect(web.requests.slice(before).some(({ path }) => path.includes(SIGNATURE))).toBe(true);
  expect(await workbench().page.content()).not.toContain(SIGNATURE);
  const document = page.document.locator('html');
  expect(await document.innerHTML()).not.toContain(SIGNATURE);
  expect(await document.innerHTML()).toContain('private=');
  await closeAll();
});

test('what is not there is said in a sentence', async () => {
  await open(`${web.origin}/none/model.safetensors`);
  await toast(/none\/model\.safetensors does not exist\. Check the address\./);
});

test('a private model of the Hub opens once its token is set, and the token goes nowhere else', async ({ task }) => {
  if (task.result?.retryCount) await removeToken();
  await open('hf://org/base');
  await toast(/Set Hugging Face Token/);
  await workbench().announces('Hugging Face token set', () =>
    workbench().enter(() => workbench().runCommand('Offaxis: Set Hugging Face Token...'), 'hf_…', TOKEN),
  );
  await open('hf://org/base');
  const page = new InspectorPage(workbench());
  await page.open('model.norm.weight');
  expect(hub.web.requests.at(-1)?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  const elsewhere = [...hub.storage.requests, ...web.requests];
  expect(hub.storage.requests.length).toBeGreaterThan(0);
  expect(elsewhere.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  await closeAll();
  await removeToken();
});
