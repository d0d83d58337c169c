/** A stranger's checkpoint, and a destination that is one: what is shown steers nothing, and no export writes through a link. */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { expect, test } from 'vitest';
import { safetensors } from '../unit/formats/build.ts';
import { ComparisonPage } from './support/comparison.ts';
import { nameInWorkspace } from './support/dialogs.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

/** Turned direction, nothing to see, controls, a line of its own. */
const HOSTILE = '\u202egnp.\u200b\u0007\u009b\u2066x\nerror: forged';
const SHOWN = '\\u{202E}gnp.\\u{200B}\\u{07}\\u{9B}\\u{2066}x\\u{0A}error: forged';

function hostile(step: number): Uint8Array {
  const data = (n: number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: n }, (_, i) => i * step + 1).buffer);
  const matrix = { dtype: 'F32', shape: [8, 8], data: data(64) };
  return safetensors(
    {
      [`model.layers.0.${HOSTILE}.weight`]: matrix,
      [`model.layers.1.${HOSTILE}.weight`]: matrix,
      [`${HOSTILE}.bias`]: { dtype: HOSTILE, shape: [1], data: new Uint8Array(4) },
      [`only ${step} ${HOSTILE}`]: matrix,
    },
    { [HOSTILE]: HOSTILE },
  );
}
const { workbench } = session({
  prepare: (workspace) => {
    for (const [name, step] of [
      ['one', 1],
      ['two', 1.5],
    ] as const) {
      mkdirSync(join(workspace, `hostile-${name}`));
      writeFileSync(join(workspace, `hostile-${name}`, 'model.safetensors'), hostile(step));
    }
    const weights = join(workspace, 'base', 'model.safetensors');
    symlinkSync(weights, join(workspace, 'symbolic.csv'));
    linkSync(weights, join(workspace, 'hard.csv'));
    symlinkSync(weights, join(workspace, 'symbolic.svg'));
  },
});

/** Everything that the page says: its text, and the attributes that are read. Line breaks of templates are not a file's. */
function said(document: FrameLocator): Promise<string> {
  return document.locator('body').evaluate((body) => {
    const texts: string[] = [];
    const visit = (root: Node): void => {
      if (root instanceof Element) {
        if (['SCRIPT', 'STYLE'].includes(root.tagName) || root.id === 'l10n') return;
        for (const name of ['title', 'aria-label', 'placeholder', 'label'])
          texts.push(root.getAttribute(name)?.split('\n').join('\u2e28') ?? '');
      } else if (root.nodeType === Node.TEXT_NODE) texts.push((root.textContent ?? '').trim());
      for (const child of root.childNodes) visit(child);
    };
    visit(body);
    return texts.filter(Boolean).join('\n');
  });
}
/** What stands in none of our own strings, and would act. */
const ACTS = /(?![\n\t])[\p{Cc}\p{Cf}]|^error: forged|\u2e28error: forged/mu;

test('names, types and metadata that would turn, hide or forge a line are shown as escapes: the inspector', async () => {
  await workbench().openFromExplorer('hostile-two', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-section="values"]').waitFor();
  await page.allFacts();
  await turn(page.action('metadata'), true);
  await page.document.locator('[data-metadata]').waitFor();
  await turn(page.action('filters'), true);
  const text = await said(page.document);
  await workbench().screenshot('untrusted inspector');
  expect(text).toContain(SHOWN);
  expect(text.replace(/^error: forged$/m, '')).not.toMatch(ACTS);
});

test('the same of a comparison', async () => {
  await workbench().selectAsBase('hostile-one', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('hostile-two', 'model.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(workbench());
  await page.complete(2);
  await page.hover(0.17, 0.64);
  const text = await said(page.document);
  await workbench().screenshot('untrusted comparison');
  expect(text).toContain(SHOWN.slice(0, 12));
  expect(text).not.toMatch(ACTS);
});

const digest = (): string =>
  createHash('sha256')
    .update(readFileSync(join(workbench().workspace, 'base', 'model.safetensors')))
    .digest('hex');

/** Types a path into VS Code's dialog, and says that what is there may go. */
async function answerDialog(name: string): Promise<void> {
  const { page } = workbench();
  await nameInWorkspace(workbench(), name);
  // "already exists. Are you sure you want to overwrite it?"
  await page.locator('.quick-input-widget', { hasText: 'already exists' }).waitFor();
  await page
    .locator('.quick-input-widget .monaco-button', { hasText: /^(Yes|OK|Overwrite)$/ })
    .first()
    .click();
}
async function refused(name: string, sentence: RegExp): Promise<void> {
  const { page, workspace } = workbench();
  const toast = page.locator('.notification-toast', { hasText: name });
  await toast.waitFor();
  await workbench().screenshot(`untrusted ${name}`);
  await expect.poll(() => toast.innerText()).toMatch(sentence);
  expect(readdirSync(workspace).filter((entry) => entry.endsWith('.part'))).toEqual([]);
  await toast.hover();
  await toast.locator('.codicon-notifications-clear').click();
}

test.each([
  ['symbolic.csv', /symbolic\.csv is a file of the checkpoint itself, or linked to one/],
  ['hard.csv', /hard\.csv is a file of the checkpoint itself, or linked to one/],
])(
  'Export Comparison to %s, which leads to the base, is refused, and the base is untouched',
  async (name, sentence) => {
    const before = digest();
    if (name === 'symbolic.csv') {
      await workbench().selectAsBase('base', 'model.safetensors');
      await workbench().chooseFromMenu(await workbench().reveal('rl', 'model.safetensors'), 'Compare with Base');
      await new ComparisonPage(workbench()).complete(42);
    }
    const page = new ComparisonPage(workbench());
    await page.action('export-menu').click();
    await page.action('export').click();
    await answerDialog(name);
    await refused(name, sentence);
    expect(digest()).toBe(before);
  },
);

test('a picture is not saved through a link either', async () => {
  const before = digest();
  await workbench().choose(() => workbench().runCommand('Offaxis: Export Comparison Figure...'), {
    placeholder: /Which colours/,
    row: 'On white',
  });
  await answerDialog('symbolic.svg');
  await refused('symbolic.svg', /symbolic\.svg is a file of the checkpoint itself, or linked to one/);
  expect(digest()).toBe(before);
});
