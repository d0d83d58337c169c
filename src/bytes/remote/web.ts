/** Plain web servers: a file is asked for at its own address, with the login that stood in it. */
import type { Secrets } from './address.ts';
import type { Store } from './store.ts';

export function webStore(secrets: Secrets): Store {
  return {
    target: (path) => new Promise((resolve) => resolve(secrets.target(path))),
    signIn: 'Its address may need a signature, or one that has not run out: ask for it again.',
  };
}
