/**
 * Names of files and folders on disk and at remote addresses (`https:`, `http:`, `hf:`, `s3:`): everything that may be handed such an
 * address takes these instead of node:path, which would make "https:/host" of "https://host". On disk they are node:path's own.
 */
import * as node from 'node:path';

const REMOTE = /^(https?|hf|s3):\/\//i;

/** An address, not a path on disk. */
export function isRemote(path: string): boolean {
  return REMOTE.test(path);
}

interface Parts {
  /** up to the first name that can be left: "https://host:80", "hf://owner/name@revision", "s3://bucket" */
  root: string;
  /** as written: percent-encoded in a URL */
  names: string[];
  /** with its "?"; belongs to every file of the folder, as a signature for a whole container does */
  query: string;
  isUrl: boolean;
}

function partsOf(address: string): Parts {
  const isUrl = /^https?:/i.test(address);
  const bare = isUrl ? address.replace(/#.*$/s, '') : address;
  const at = isUrl ? bare.indexOf('?') : -1;
  const path = at < 0 ? bare : bare.slice(0, at);
  const [scheme = '', rest = ''] = path.split(/:\/\/(.*)/s);
  const all = rest.split('/');
  const depth = scheme.toLowerCase() === 'hf' ? 2 : 1;
  const names = all.slice(depth).filter((name) => name !== '');
  const root = `${scheme.toLowerCase()}://${all.slice(0, depth).join('/')}`;
  return { root, names, query: at < 0 ? '' : bare.slice(at), isUrl };
}

function textOf({ root, query }: Parts, names: readonly string[]): string {
  return [root, ...names].join('/') + query;
}

/** A name of a URL as people write it; as it is if that would make another path of it. */
function decoded(name: string): string {
  try {
    const text = decodeURIComponent(name);
    return /[/\\]|^\.{1,2}$/.test(text) ? name : text;
  } catch {
    return name;
  }
}
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/%(40|3A|2C|2B|3D|24|26|3B)/g, (code) => decodeURIComponent(code));

/** The names below the root, as people write them. */
export function namesOf(address: string): string[] {
  const { names, isUrl } = partsOf(address);
  return isUrl ? names.map(decoded) : names;
}
export function rootOf(address: string): string {
  return partsOf(address).root;
}

/** Never leads above the root of an address. */
export function join(folder: string, ...names: string[]): string {
  if (!isRemote(folder)) return node.join(folder, ...names);
  const parts = partsOf(folder);
  const all = [...parts.names];
  for (const name of names.flatMap((some) => some.split('/'))) {
    if (name === '..') all.pop();
    else if (name !== '' && name !== '.') all.push(parts.isUrl ? encoded(name) : name);
  }
  return textOf(parts, all);
}

export function dirname(path: string): string {
  if (!isRemote(path)) return node.dirname(path);
  const parts = partsOf(path);
  return textOf(parts, parts.names.slice(0, -1));
}

/** Without the query of a URL, and as people write it. */
export function basename(path: string): string {
  return isRemote(path) ? (namesOf(path).at(-1) ?? '') : node.basename(path);
}

/** What is not below `from` at an address stays whole. */
export function relative(from: string, to: string): string {
  if (!isRemote(from) && !isRemote(to)) return node.relative(from, to);
  if (rootOf(from) !== rootOf(to)) return to;
  const [above, below] = [namesOf(from), namesOf(to)];
  return above.every((name, i) => name === below[i]) ? below.slice(above.length).join('/') : to;
}

/** An address is absolute: what comes before it does not count. */
export function resolve(...paths: string[]): string {
  const [first = '', ...rest] = paths;
  return rest.reduce(
    (at, path) =>
      isRemote(path) ? path : isRemote(at) && !node.isAbsolute(path) ? join(at, path) : node.resolve(at, path),
    isRemote(first) ? first : node.resolve(first),
  );
}

export function isAbsolute(path: string): boolean {
  return isRemote(path) || node.isAbsolute(path);
}
