/** One request and its answer, redirects followed: what is private goes to the host that it is meant for, and to no other. */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';

/** Where a file is asked for. */
export interface Target {
  /** may hold a signature: never in a message */
  url: string;
  /** tokens and signatures, for the origin of `url` alone */
  headers: Readonly<Record<string, string>>;
}
export interface Answer {
  response: Response;
  /** where it came from in the end; null if that is where it was asked for */
  redirected: Target | null;
  /** The Hub's name for the bytes behind a redirect (X-Linked-ETag), whichever host hands them out. */
  linked: string | null;
}

const MOST_REDIRECTS = 8;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** http: only on this machine: on the way of anything else weights could be changed and tokens read. */
export function isAllowed({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

/**
 * Asks with `headers` beside the target's own. Throws read-failed for a redirect that is not followed, and what `fetch` throws if nothing
 * answers. `path`: for messages.
 */
export async function exchange(
  send: typeof fetch,
  target: Target,
  {
    path,
    headers,
    signal,
  }: { path: string; headers: Readonly<Record<string, string>>; signal?: AbortSignal | undefined },
): Promise<Answer> {
  let at = new URL(target.url);
  let own = target.headers;
  let linked: string | null = null;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const response = await send(at, {
      // With a Range, fetch itself asks for bytes that are not packed: offsets are those of the file.
      headers: { ...own, ...headers },
      redirect: 'manual',
      ...(signal ? { signal } : {}),
    });
    linked ??= response.headers.get('x-linked-etag');
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      return { response, redirected: hops === 0 ? null : { url: at.href, headers: own }, linked };
    }
    await response.body?.cancel();
    const next = URL.canParse(location, at) ? new URL(location, at) : null;
    const isLess = next?.protocol === 'http:' && at.protocol === 'https:';
    if (!next || !isAllowed(next) || isLess || next.username !== '' || next.password !== '')
      throw new OffaxisError(
        'read-failed',
        say`${path}: ${at.host} redirects to an address that is not https, or that holds a login. Ask for the file's own address.`,
      );
    if (next.origin !== at.origin) own = {};
    at = next;
  }
  throw new OffaxisError(
    'read-failed',
    say`${path}: the server redirects more than ${MOST_REDIRECTS} times. Check the address.`,
  );
}

/** "429 (too many requests)" */
export function statusText({ status }: Response): string {
  const words = WORDS[status];
  return words === undefined ? `the server answers ${status}` : `the server answers ${status} (${words})`;
}
const WORDS: Readonly<Record<number, string>> = {
  400: 'bad request',
  401: 'not signed in',
  403: 'not allowed',
  404: 'not there',
  410: 'gone',
  429: 'too many requests',
  500: 'an error of its own',
  502: 'no answer from behind it',
  503: 'not available now',
  504: 'no answer in time from behind it',
};

/** What `fetch` threw, in words, without the address; `isLasting` if another try would meet the same. */
export function networkFault(error: unknown): { why: string; isLasting: boolean; isFirst: boolean } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_/.test(code))
    return { why: `the server's certificate is not trusted (${code})`, isLasting: true, isFirst: true };
  if (code === 'ENOTFOUND') return { why: 'there is no host of that name', isLasting: true, isFirst: true };
  if (code === 'ECONNREFUSED') return { why: 'nothing answers there', isLasting: false, isFirst: true };
  return { why: `the connection broke${code ? ` (${code})` : ''}`, isLasting: false, isFirst: false };
}
