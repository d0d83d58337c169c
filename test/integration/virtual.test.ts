import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { InspectorPage } from './support/inspector.ts';
import { withProbe } from './support/probe.ts';
import { session } from './support/session.ts';

/**
 * A file system that is in no disk: an extension made for this test holds a checkpoint in memory and hands its address to our editor and
 * commands, as a menu of such a workspace would.
 */
const PROBE = `
const vscode = require('vscode');
const { readFileSync } = require('node:fs');
exports.activate = (context) => {
  const sample = vscode.workspace.workspaceFolders[0].uri.fsPath + '/base/model.safetensors';
  const nothing = new vscode.Disposable(() => {});
  const readOnly = () => { throw vscode.FileSystemError.NoPermissions(); };
  const changed = new vscode.EventEmitter();
  context.subscriptions.push(vscode.workspace.registerFileSystemProvider('inmemory', {
    onDidChangeFile: changed.event,
    watch: () => nothing,
    stat: () => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: readFileSync(sample).length }),
    readDirectory: () => [],
    readFile: () => readFileSync(sample),
    createDirectory: readOnly, writeFile: readOnly, delete: readOnly, rename: readOnly,
  }, { isReadonly: true }));
  const uri = (name) => vscode.Uri.from({ scheme: 'inmemory', path: '/' + name + '/model.safetensors' });
  const on = (id, run) => context.subscriptions.push(vscode.commands.registerCommand(id, run));
  on('offaxisVirtual.open', () => vscode.commands.executeCommand('vscode.openWith', uri('a'), 'offaxis.inspector'));
  on('offaxisVirtual.base', () => vscode.commands.executeCommand('offaxis.selectAsBase', uri('a')));
  on('offaxisVirtual.compare', () => vscode.commands.executeCommand('offaxis.compareWithBase', uri('b')));
  on('offaxisVirtual.two', () => vscode.commands.executeCommand('offaxis.compareSelected', uri('a'), [uri('a'), uri('b')]));
  on('offaxisVirtual.scan', () => vscode.commands.executeCommand('offaxis.scanForProblems', uri('a')));
  on('offaxisVirtual.tensor', () => vscode.commands.executeCommand('offaxis.exportTensor', uri('a')));
};`;
const COMMANDS = ['open', 'base', 'compare', 'two', 'scan', 'tensor'].map((name) => `offaxisVirtual.${name}`);

const { workbench } = session({}, (installation) => withProbe(installation, PROBE, COMMANDS));

test('the manifest says that virtual workspaces are not supported, and why', () => {
  const read = (name: string): unknown =>
    JSON.parse(readFileSync(join(inject('installation').root, name), 'utf8')) as unknown;
  expect(read('package.json')).toMatchObject({
    capabilities: { virtualWorkspaces: { supported: false, description: '%virtualWorkspaces.description%' } },
  });
  const words = read('package.nls.json') as Record<string, string>;
  expect(words['virtualWorkspaces.description']).toMatch(/needs files on disk/);
});

test('the editor says why it does not open a checkpoint of a virtual file system', async () => {
  await workbench().runCommand('Test Probe: Open');
  const failed = new InspectorPage(workbench()).document.locator('[data-state="failed"]');
  await failed.waitFor();
  await expect
    .poll(() => failed.innerText())
    .toMatch(/inmemory:.*model\.safetensors lies on a virtual file system.*from disk: copy it/);
});

test.each(['Base', 'Compare', 'Two', 'Scan', 'Tensor'])('commands say it in one sentence: %s', async (title) => {
  await workbench().runCommand(`Test Probe: ${title}`);
  const toast = workbench().page.locator('.notifications-toasts .notification-list-item', {
    hasText: /inmemory:.*is not on disk\. Offaxis reads checkpoints in ranges: copy it to a folder first\./,
  });
  await toast.waitFor();
  await toast.hover();
  await toast.locator('.codicon-notifications-clear').click();
  await toast.waitFor({ state: 'hidden' });
});
