/** What differs between kinds of remote addresses; reading by ranges is the same for all. */
import type { Target } from './exchange.ts';

export interface Listed {
  name: string;
  kind: 'file' | 'folder';
}

export interface Store {
  /** Where a file is asked for, with what signs the request in. Throws bad-file and bad-parameter for an address that is none. */
  target(path: string): Promise<Target>;
  /** What a folder holds; of stores that can tell. Throws bad-file if there is no such folder, read-failed. */
  list?(folder: string): Promise<readonly Listed[]>;
  /** what to do if the server wants to know who asks: a sentence */
  readonly signIn: string;
}
