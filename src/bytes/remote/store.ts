/** What differs between kinds of remote addresses; reading by ranges is the same for all. */
import type { Target } from './exchange.ts';

export interface Listed {
  name: string;
  kind: 'file' | 'folder';
}

export interface Store {
  /** Where a file is asked for, with what signs the request in. Throws bad-file and bad-parameter for an address that is none, read-failed. */
  target(path: string): Promise<Target>;
  /** What a folder holds; of stores that can tell. Throws bad-file if there is no such folder, read-failed. */
  list?(folder: string): Promise<readonly Listed[]>;
  /** The address of one version, if what it names may move. Throws as `target`. */
  pinned?(path: string, signal?: AbortSignal): Promise<string>;
  /** Throws bad-parameter for what can't be an address of this store, whatever lies there. */
  check?(path: string): void;
  /** what to do if the server wants to know who asks: a sentence */
  readonly signIn: string;
}

/** An answer of a store's API; null if there is no such thing. Throws read-failed and cancelled. */
export type Ask = (
  path: string,
  target: Target,
  signal?: AbortSignal,
) => Promise<{ text: string; headers: Headers } | null>;
