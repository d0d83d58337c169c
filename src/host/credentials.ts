/**
 * What lets the engine in at remote addresses: the Hub's token, which VS Code keeps encrypted, and the addresses of this window that hold a
 * signature or a login, which nobody keeps. It goes to the engine's process through its pipe, and nowhere else.
 */
import * as vscode from 'vscode';
import { isRemote, withoutSecrets } from '../bytes/index.ts';
import type { RemoteAccess } from '../protocol/engine.ts';
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import type { Log } from './log.ts';

const TOKEN = 'offaxis.huggingFaceToken';

export const notAnAddress = (): string =>
  vscode.l10n.t('This is not an address. It begins with https://, hf:// or s3://.');

export class Credentials implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly addresses = new Set<string>();
  private hubToken: string | null = null;
  private reading: Promise<void> | undefined;
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly storage: vscode.SecretStorage,
    private readonly log: Log,
  ) {
    // Set or removed, here or in another window.
    this.subscription = storage.onDidChange(async ({ key }) => {
      if (key !== TOKEN || !this.reading) return;
      await (this.reading = this.read());
      this.changed.fire();
    });
  }

  /** Until the token is at hand. Never throws: without a store of secrets there is none. */
  ready(): Promise<void> {
    return (this.reading ??= this.read());
  }
  current(): RemoteAccess {
    return { hubToken: this.hubToken, addresses: [...this.addresses] };
  }

  /** An address that was typed as it may be shown. What is private in it is known until the window closes. Throws bad-parameter. */
  admit(typed: string): string {
    if (!isRemote(typed)) throw new OffaxisError('bad-parameter', notAnAddress());
    const { address, secret } = withoutSecrets(typed);
    if (secret && !this.addresses.has(typed)) {
      this.addresses.add(typed);
      this.changed.fire();
    }
    return address;
  }

  /** Throws what the system's store of secrets throws. */
  async setHubToken(token: string | null): Promise<void> {
    if (token === null) await this.storage.delete(TOKEN);
    else await this.storage.store(TOKEN, token);
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  private async read(): Promise<void> {
    try {
      this.hubToken = (await this.storage.get(TOKEN)) ?? null;
    } catch (error) {
      this.hubToken = null;
      this.log.warn(`the token of the Hugging Face Hub could not be read: ${toWireError(error).message}`);
    }
  }
}
