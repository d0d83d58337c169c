/** Checkpoints as VS Code names them, there and back. */
import { expect, it, vi } from 'vitest';
import type * as vscode from 'vscode';

vi.mock('vscode', () => ({
  Uri: {
    file: (path: string) => ({ scheme: 'file', path, fsPath: path, query: '' }),
    from: (parts: object) => ({ query: '', ...parts }),
  },
}));
const { checkpointPath, checkpointUri } = await import('../../../src/host/checkpointUri.ts');
const uri = (parts: Partial<vscode.Uri>): vscode.Uri => ({ query: '', ...parts }) as vscode.Uri;

it.each([
  '/models/base/model.safetensors',
  'https://host.example:8080/a%20b/model.safetensors',
  'https://host.example/a/model.safetensors?private=0123456789ab',
  'https://host.example/a/model.safetensors?download=true&private=0123456789ab',
  'hf://owner/Name@refs%2Fpr%2F1/a folder/model.safetensors',
  'hf://owner/name',
  's3://Bucket/key/with?question#and/model.safetensors',
])('%s is the same again', (path) => {
  expect(checkpointPath(checkpointUri(path))).toBe(path);
});

it('ends as the address does', () => {
  expect(checkpointUri('https://host/a/model.gguf?private=0123456789ab').path).toBe('/https/host/a/model.gguf');
});

it('reads no other file system, and no address that would show something private', () => {
  expect(checkpointPath(uri({ scheme: 'inmemory', path: '/a/model.safetensors' }))).toBeNull();
  expect(checkpointPath(uri({ scheme: 'offaxis-remote', path: '/ftp/host/model.safetensors' }))).toBeNull();
  expect(checkpointPath(uri({ scheme: 'offaxis-remote', path: '/https/h/m.gguf', query: 'sig=secret' }))).toBeNull();
  expect(checkpointPath(uri({ scheme: 'offaxis-remote', path: '/http/host.example/m.gguf' }))).toBeNull();
});
