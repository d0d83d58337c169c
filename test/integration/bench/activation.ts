/**
 * What activation costs by itself. VS Code's own figure ("Developer: Show Running Extensions") is of a moment at which ten extensions are
 * activated on one thread, so each is charged for the others. Here the extension waits until a probe activates it in a window that has come
 * to rest: in its installed copy, nothing else does.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from '../support/install.ts';
import { withProbe } from '../support/probe.ts';
import { Workbench } from '../support/workbench.ts';

const WINDOWS = 3;
const PROBE = `
const vscode = require('vscode');
const { writeFileSync } = require('node:fs');
exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('offaxisProbe.activate', async () => {
    const ours = vscode.extensions.getExtension('offaxis.offaxis');
    const wasActive = ours.isActive;
    const start = performance.now();
    await ours.activate();
    const took = performance.now() - start;
    writeFileSync(vscode.workspace.workspaceFolders[0].uri.fsPath + '/activation.json', JSON.stringify({ wasActive, took }));
  }));
};`;

/** Milliseconds: reading and compiling the code, and its call; one for each of a few windows. */
export async function activationTimes(installation: Installation): Promise<number[]> {
  const folder = readdirSync(installation.extensions).find((entry) => entry.startsWith('offaxis.offaxis'));
  if (folder === undefined) throw new Error('the extension is not installed');
  const manifest = join(installation.extensions, folder, 'package.json');
  const written = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(written) as object), activationEvents: [] }));
  try {
    const probed = withProbe(installation, PROBE, ['offaxisProbe.activate']);
    const times: number[] = [];
    while (times.length < WINDOWS) times.push(await inOneWindow(probed));
    return times;
  } finally {
    writeFileSync(manifest, written);
  }
}

async function inOneWindow(installation: Installation): Promise<number> {
  const vscode = await Workbench.open(installation);
  try {
    await vscode.page.waitForTimeout(10_000);
    await vscode.runCommand('Test Probe: Activate');
    const file = join(vscode.workspace, 'activation.json');
    for (const end = Date.now() + 30_000; !existsSync(file) && Date.now() < end;) await vscode.page.waitForTimeout(200);
    const { wasActive, took } = JSON.parse(readFileSync(file, 'utf8')) as { wasActive: boolean; took: number };
    if (wasActive) throw new Error('the extension was active before it was to be measured');
    return took;
  } finally {
    await vscode.close();
  }
}
