import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withProbe } from './support/probe.ts';
import { session } from './support/session.ts';

/**
 * The assistant's tools through VS Code's own API. No chat is needed: an extension that exists for this test alone lies beside ours and
 * calls vscode.lm.invokeTool. It reads what to do from a file and writes down what came of it.
 */
const PROBE = `
const vscode = require('vscode');
const { writeFileSync, readFileSync } = require('node:fs');
exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('offaxisProbe.run', async () => {
    const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
    const { name, input, budget, cancelAfter } = JSON.parse(readFileSync(folder + '/probe-in.json', 'utf8'));
    const source = new vscode.CancellationTokenSource();
    if (cancelAfter !== undefined) setTimeout(() => source.cancel(), cancelAfter);
    const options = { input, toolInvocationToken: undefined };
    if (budget) options.tokenizationOptions = { tokenBudget: budget, countTokens: async (text) => text.split(/\\s+/).length };
    let result;
    try {
      const found = await vscode.lm.invokeTool(name, options, source.token);
      result = { text: found.content.map((part) => part.value).join('') };
    } catch (error) {
      result = { error: String(error.message ?? error), name: error.name };
    }
    result.tools = vscode.lm.tools.map(({ name, description }) => ({ name, description }));
    writeFileSync(folder + '/probe-out.json', JSON.stringify(result));
  }));
};`;
interface Outcome {
  text?: string;
  error?: string;
  tools: { name: string; description: string }[];
}

const { workbench } = session({ settings: { 'chat.disableAIFeatures': false } }, (installation) =>
  withProbe(installation, PROBE, ['offaxisProbe.run']),
);

/** Runs the tool; the dialog, if it comes, is answered by `answer`, and its text returned. */
async function invoke(
  request: { name: string; input: object; budget?: number; cancelAfter?: number },
  answer: 'agree' | 'refuse' = 'agree',
): Promise<Outcome & { asked: string }> {
  const out = join(workbench().workspace, 'probe-out.json');
  writeFileSync(out, '');
  writeFileSync(join(workbench().workspace, 'probe-in.json'), JSON.stringify(request));
  await workbench().runCommand('Test Probe: Run');
  const dialog = workbench().page.locator('.monaco-dialog-box');
  let asked = '';
  for (const end = Date.now() + 180_000; Date.now() < end;) {
    if (existsSync(out) && readFileSync(out, 'utf8') !== '') break;
    if (await dialog.isVisible()) {
      asked = await dialog.innerText();
      const buttons = dialog.locator('.dialog-buttons .monaco-button:visible');
      console.log(`  the dialog: ${asked.replace(/\s*\n\s*/g, ' | ')}`);
      await buttons
        .filter(answer === 'refuse' ? { hasText: /^Cancel/ } : { hasNotText: /^Cancel/ })
        .first()
        .click();
      await dialog.waitFor({ state: 'hidden' });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { ...(JSON.parse(readFileSync(out, 'utf8')) as Outcome), asked };
}

test('the tools are known to VS Code, with their descriptions', async () => {
  const { tools, asked, text } = await invoke({
    name: 'offaxis_find_tensors',
    input: { path: 'base', name: '*q_proj*' },
  });
  const ours = tools.filter(({ name }) => name.startsWith('offaxis_'));
  expect(ours.map(({ name }) => name).sort()).toEqual([
    'offaxis_compare_checkpoints',
    'offaxis_compare_runs',
    'offaxis_compare_steps',
    'offaxis_find_tensors',
    'offaxis_inspect_checkpoint',
    'offaxis_verify_checkpoints',
  ]);
  expect(ours.every(({ description }) => description.length > 100)).toBe(true);
  // asked first, with the path
  expect(asked).toMatch(/Find Tensors[\s\S]*base/);
  expect(text).toContain('6 tensors of 57');
});

test('a comparison within the token budget of the caller', async () => {
  const input = { base: 'base', tuned: 'rl', sortBy: 'nss' };
  const { text, asked } = await invoke({ name: 'offaxis_compare_checkpoints', input, budget: 400 });
  expect(asked).toContain('compute their spectra');
  expect(text).toMatch(/mask view: [\d.]+ % against [\d.]+ % from rounding alone/);
  expect(text).toMatch(/more tensors are left out\. Ask with offset \d+/);
  expect((text ?? '').split(/\s+/).length).toBeLessThanOrEqual(400);
});

test('a path that leads nowhere gives a clear error', async () => {
  const { error } = await invoke({ name: 'offaxis_inspect_checkpoint', input: { path: 'no/such/model' } });
  expect(error).toMatch(/no\/such\/model.*does not exist/);
});

test('a refused tool reads nothing', async () => {
  const { error, text } = await invoke(
    { name: 'offaxis_inspect_checkpoint', input: { path: 'base', scan: true } },
    'refuse',
  );
  expect(text).toBeUndefined();
  expect(error).toMatch(/cancel/i);
});
