/**
 * Addresses as they are typed hold what nobody else may see: a signature in the query, a password before the host. That part is kept
 * here, in this process alone, and a mark stands in its place wherever the address goes: messages, results, titles, stored comparisons.
 */
import { createHash } from 'node:crypto';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { isAllowed, type Target } from './exchange.ts';

const MARK = 'private';
/** Parameters that say which file, and let nobody in. */
const OPEN: ReadonlySet<string> = new Set([
  'version',
  'versionid',
  'revision',
  'ref',
  'ref_type',
  'download',
  'raw',
  'alt',
  'generation',
]);

/** As `withoutSecrets` makes it. */
const MARKED = /^[0-9a-f]{12}$/;

export interface Secret {
  /** as it was typed, without its "?" */
  query: string;
  /** "user:password", decoded; null if there is none */
  login: string | null;
}

/** An address that was typed, without what is private, and that. Throws bad-parameter if it is not one that is read. */
export function withoutSecrets(typed: string): { address: string; mark: string | null; secret: Secret | null } {
  if (!/^https?:/i.test(typed)) return { address: typed, mark: null, secret: null };
  if (!URL.canParse(typed)) throw new OffaxisError('bad-parameter', say('The address is not a URL. Check it.'));
  const url = new URL(typed);
  if (!isAllowed(url))
    throw new OffaxisError(
      'bad-parameter',
      say`http://${url.host} is not encrypted: on the way the weights could be changed and tokens read. Use https://, or a tunnel that ends on this machine (http://localhost).`,
    );
  url.hash = '';
  const login = url.username === '' && url.password === '' ? null : loginOf(url);
  const given = [...url.searchParams];
  const open = given.filter(([name]) => OPEN.has(name.toLowerCase()));
  const others = given.filter((one) => !open.includes(one));
  const query = url.search.slice(1);
  url.username = url.password = '';
  // Only what has our own form was masked before: a server may have a parameter of that name, with a signature beside.
  const isOurs = others.length === 1 && others.every(([name, value]) => name === MARK && MARKED.test(value));
  if (login === null && (others.length === 0 || isOurs)) return { address: url.href, mark: null, secret: null };
  const mark = createHash('sha256')
    .update(`${login ?? ''}\n${query}`)
    .digest('hex')
    .slice(0, 12);
  const shown = new URLSearchParams([...open, [MARK, mark]]).toString();
  url.search = shown;
  return { address: url.href, mark, secret: { query, login } };
}

function loginOf({ username, password }: URL): string {
  return `${decoded(username)}:${decoded(password)}`;
}
/** As it is if it was not encoded: a password may hold a "%". */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address of which a part is kept in this process alone: no other one can read it. */
export function isMarked(address: string): boolean {
  return /^https?:/i.test(address) && URL.canParse(address) && new URL(address).searchParams.has(MARK);
}

/** What was taken out of addresses, by mark. */
export class Secrets {
  private readonly kept = new Map<string, Secret>();

  /** The address as it may be shown and passed on. Throws as `withoutSecrets` does. */
  admit(typed: string): string {
    const { address, mark, secret } = withoutSecrets(typed);
    if (mark !== null && secret) this.kept.set(mark, secret);
    return address;
  }

  /** Where a shown address is asked for. Throws bad-file if what was private in it is not known here (any more). */
  target(address: string): Target {
    const url = new URL(this.admit(address));
    const mark = url.searchParams.get(MARK);
    if (mark === null) return { url: url.href, headers: {} };
    const secret = this.kept.get(mark);
    if (!secret)
      throw new OffaxisError(
        'bad-file',
        say`${url.href}: the private part of the address (its signature or password) is kept nowhere. Open it again with its whole address.`,
      );
    url.search = secret.query;
    const { login } = secret;
    const headers = login === null ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    return { url: url.href, headers };
  }
}
