/** What lets the engine in at remote addresses: the token of VS Code's store, and addresses with something private in them. */
import { describe, expect, it, vi } from 'vitest';
import type * as vscode from 'vscode';

vi.mock('vscode', async () => {
  const { EventEmitter } = await import('./emitter.ts');
  return { EventEmitter, l10n: { t: (text: string) => text } };
});
const { Credentials } = await import('../../../src/host/credentials.ts');
const { EventEmitter } = await import('./emitter.ts');

function setup(given: Partial<vscode.SecretStorage> = {}) {
  const kept = new Map<string, string>();
  const changed = new EventEmitter<{ key: string }>();
  const storage = {
    get: (key: string) => Promise.resolve(kept.get(key)),
    store: (key: string, value: string) => {
      kept.set(key, value);
      changed.fire({ key });
      return Promise.resolve();
    },
    delete: (key: string) => {
      kept.delete(key);
      changed.fire({ key });
      return Promise.resolve();
    },
    onDidChange: changed.event,
    ...given,
  } as unknown as vscode.SecretStorage;
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = { info: write, debug: write, warn: write, error: write, show: write as never, dispose: write as never };
  const credentials = new Credentials(storage, log);
  const told: unknown[] = [];
  credentials.onDidChange(() => told.push(credentials.current()));
  return { credentials, told, lines };
}

describe('credentials', () => {
  it('tell of a token when it is set and when it is removed', async () => {
    const { credentials, told } = setup();
    await credentials.ready();
    expect(credentials.current()).toEqual({ hubToken: null, addresses: [] });
    await credentials.setHubToken('hf_1');
    await vi.waitFor(() => expect(told).toEqual([{ hubToken: 'hf_1', addresses: [] }]));
    await credentials.setHubToken(null);
    await vi.waitFor(() => expect(told.at(-1)).toEqual({ hubToken: null, addresses: [] }));
  });
  it('have no token if the system keeps no secrets, and say so without what it was', async () => {
    const { credentials, lines } = setup({ get: () => Promise.reject(new Error('no keyring')) });
    await credentials.ready();
    expect(credentials.current().hubToken).toBeNull();
    expect(lines.join()).toMatch(/could not be read: .*no keyring/);
  });
  it('keep an address with something private in it for the engine, once, and give what may be shown', () => {
    const { credentials, told } = setup();
    const typed = 'https://host.example/a/model.safetensors?X-Amz-Signature=onlyForTheServer';
    const shown = credentials.admit(typed);
    expect(shown).toMatch(/^https:\/\/host\.example\/a\/model\.safetensors\?private=[0-9a-f]{12}$/);
    credentials.admit(typed);
    expect(told).toEqual([{ hubToken: null, addresses: [typed] }]);
    expect(credentials.admit('hf://owner/name')).toBe('hf://owner/name');
    expect(told).toHaveLength(1);
  });
  it('refuse what is not an address, and one on which tokens could be read', () => {
    const { credentials } = setup();
    expect(() => credentials.admit('/models/base')).toThrow(/not an address/);
    expect(() => credentials.admit('http://host.example/model.safetensors')).toThrow(/not encrypted/);
  });
});
