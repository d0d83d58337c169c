/** The list behind the view "Checkpoints": what comes or goes at any moment is in the next list. The folder is real, VS Code is not. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventEmitter } from '../host/emitter.ts';

interface Uri {
  scheme: 'file';
  fsPath: string;
}
const uriOf = (fsPath: string): Uri => ({ scheme: 'file', fsPath });

const code = vi.hoisted(() => ({
  /** what it does with a search, which sees the disk as it is now: answers, later, or not at all */
  search: (now: () => unknown[]): Promise<unknown[]> => Promise.resolve(now()),
  events: {} as Record<'create' | 'delete', unknown>,
  root: '',
}));
vi.mock('vscode', () => ({
  EventEmitter,
  Disposable: { from: () => ({ dispose: () => undefined }) },
  workspace: {
    findFiles: () => code.search(() => filesBelow(code.root).map(uriOf)),
    createFileSystemWatcher: () => ({
      onDidCreate: (code.events.create as EventEmitter<Uri>).event,
      onDidDelete: (code.events.delete as EventEmitter<Uri>).event,
    }),
    onDidChangeWorkspaceFolders: () => ({ dispose: () => undefined }),
  },
}));
const { WorkspaceCheckpoints } = await import('../../../src/commands/workspaceCheckpoints.ts');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.safetensors'))
    .map((entry) => join(entry.parentPath, entry.name));
}
const at = (...names: string[]): string => join(code.root, ...names);
function make(name: string): void {
  mkdirSync(at(name));
  writeFileSync(at(name, 'model.safetensors'), '');
}
function tell(what: 'create' | 'delete', ...names: string[]): void {
  (code.events[what] as EventEmitter<Uri>).fire(uriOf(at(...names)));
}

/** A reader as the view is: it asks once, and again after every event. */
let seen: () => Promise<string[]>;
let checkpoints: InstanceType<typeof WorkspaceCheckpoints>;
beforeEach(() => {
  code.root = mkdtempSync(join(tmpdir(), 'offaxis-workspace-'));
  code.search = (now) => Promise.resolve(now());
  for (const name of ['create', 'delete'] as const) code.events[name] = new EventEmitter();
  for (const name of ['base', 'rl']) make(name);
  checkpoints = new WorkspaceCheckpoints();
  let asked: Promise<readonly string[]> | undefined;
  checkpoints.onDidChange(() => (asked = checkpoints.list()));
  seen = async () => (await (asked ??= checkpoints.list())).map((path) => basename(join(path, '..')));
});
afterEach(() => rmSync(code.root, { recursive: true }));

test.each([
  ['the file and its folder', [['rl', 'model.safetensors'], ['rl']]],
  ['the folder alone', [['rl']]],
])('what goes is in no further list, if VS Code tells of %s', async (_, told) => {
  expect(await seen()).toEqual(['base', 'rl']);
  rmSync(at('rl'), { recursive: true });
  for (const names of told) tell('delete', ...names);
  await expect.poll(seen).toEqual(['base']);
});

test.each([
  ['the file', ['rl', 'model.safetensors']],
  ['its folder', ['rl']],
])('%s that goes while the list is being found, which has seen it already, is in no further list', async (_, names) => {
  let answer = (): void => undefined;
  code.search = (now) => {
    const found = now();
    return new Promise((resolve) => (answer = () => resolve(found)));
  };
  const first = seen();
  rmSync(at('rl'), { recursive: true });
  code.search = (now) => Promise.resolve(now());
  tell('delete', ...names);
  answer();
  await first;
  await expect.poll(seen).toEqual(['base']);
});

test('two that go at once, the second before anybody has asked again', async () => {
  checkpoints = new WorkspaceCheckpoints();
  const names = async (): Promise<string[]> => (await checkpoints.list()).map((path) => basename(join(path, '..')));
  expect(await names()).toEqual(['base', 'rl']);
  for (const name of ['base', 'rl']) {
    rmSync(at(name), { recursive: true });
    tell('delete', name, 'model.safetensors');
  }
  expect(await names()).toEqual([]);
});

test('a folder whose name holds a dot comes whole, told alone', async () => {
  expect(await seen()).toEqual(['base', 'rl']);
  make('qwen-2.5');
  tell('create', 'qwen-2.5');
  await expect.poll(seen).toEqual(['base', 'qwen-2.5', 'rl']);
});

test('files that are not checkpoints have nothing found anew', async () => {
  await seen();
  let searches = 0;
  code.search = (now) => {
    searches++;
    return Promise.resolve(now());
  };
  writeFileSync(at('notes.txt'), '');
  tell('create', 'notes.txt');
  tell('delete', 'notes.txt');
  // a folder's event is answered after both
  make('sft');
  tell('create', 'sft');
  await expect.poll(seen).toEqual(['base', 'rl', 'sft']);
  expect(searches).toBe(1);
});

test('a search that fails is not kept', async () => {
  code.search = () => Promise.reject(new Error('no ripgrep'));
  await expect(checkpoints.list()).rejects.toThrow('no ripgrep');
  code.search = (now) => Promise.resolve(now());
  expect(await checkpoints.list()).toHaveLength(2);
});

test('what VS Code tells nothing of is seen when the view is looked at again', async () => {
  expect(await seen()).toEqual(['base', 'rl']);
  rmSync(at('rl'), { recursive: true });
  await checkpoints.check();
  expect(await seen()).toEqual(['base']);
});
