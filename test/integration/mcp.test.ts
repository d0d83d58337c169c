/** The MCP server that VS Code offers by itself: found in its list without any JSON, started there, and its tools discovered. */
import { expect, test } from 'vitest';
import { TOOLS } from '../../src/assistant/index.ts';
import { session } from './support/session.ts';

const { workbench } = session({ settings: { 'chat.disableAIFeatures': false } });

/** Opens the list of servers, takes ours, and then this action. The list holds what VS Code knew when it opened, so it may have to be opened again. */
const choose = (action: string | RegExp): Promise<void> =>
  workbench().choose(() => workbench().runCommand('MCP: List Servers'), { row: 'Offaxis' }, { row: action });

test('VS Code lists the server, starts it over the open folder, and finds its tools', async () => {
  // a second try finds it started
  await choose(/(Start|Restart) Server/);
  await choose('Show Output');
  const output = workbench().page.locator('.part.panel .view-lines').first();
  const text = async (): Promise<string> => (await output.innerText()).replaceAll('\u00a0', ' ');
  await expect.poll(text, { timeout: 120_000, interval: 500 }).toContain(`Discovered ${TOOLS.length} tools`);
  await expect.poll(text).toContain('Connection state: Running');
  await workbench().screenshot('mcp server');
}, 300_000);
