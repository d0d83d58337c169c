/**
 * Stretches of a remote file by HTTP ranges (RFC 9110, 14): a broken transfer goes on where it broke, a busy server is waited for, and an
 * answer of another version of the file than the one that was looked at first is never taken.
 */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { changedError } from '../source.ts';
import { PAGE_BYTES } from './blocks.ts';
import type { RemoteEnvironment } from './environment.ts';
import { exchange, networkFault, statusText, type Answer, type Target } from './exchange.ts';
import { Lanes } from './lanes.ts';
import { Patience } from './patience.ts';

/** A file of a server without ranges is read once if it has no more. */
const MOST_WHOLE_BYTES = 64 * 1024 * 1024;
/** Requests at once, of the whole process. */
const AT_ONCE = 8;

/** What a file was at its first look; every later answer must be of the same. */
export interface Seen {
  sizeBytes: number;
  etag: string | null;
  /** Last-Modified, if there is no ETag */
  modified: string | null;
  /** see `Answer` */
  linked: string | null;
  /** the first bytes */
  head: Uint8Array;
  /** The server hands out no ranges: `head` is the whole file. */
  isWhole: boolean;
}

/** One text a version. */
export function versionOf({ linked, etag, modified, sizeBytes }: Seen): string {
  return `${linked ?? etag ?? modified ?? ''} ${sizeBytes}`;
}

/** Its name means these bytes and no others (RFC 9110, 8.8.1): a strong ETag, or the Hub's. */
export function isStrong({ linked, etag }: Pick<Seen, 'linked' | 'etag'>): boolean {
  const name = linked ?? etag;
  return name !== null && !name.startsWith('W/');
}

/** There is no such file. */
export class NotThere extends OffaxisError {}
/** Who asks may not have it. */
export class NotAllowed extends OffaxisError {}

interface Transport {
  environment: RemoteEnvironment;
  /** Where a file is asked for, signed anew for each request. */
  targetOf(path: string): Promise<Target>;
  /** what to do if the server wants to know who asks */
  signIn(path: string): string;
  /** for people, as it happens */
  tell(line: string): void;
}

export class Transfer {
  private readonly lanes = new Lanes(AT_ONCE);
  /** Where a redirect led last: asked there at once, until that is refused (its signature has run out). */
  private readonly redirects = new Map<string, Target>();
  /** bytes of bodies so far */
  received = 0;

  constructor(private readonly transport: Transport) {}

  /** What the file is now, with its first bytes. Throws NotThere; read-failed, too if its server can't be read from by parts; cancelled. */
  async look(path: string, signal?: AbortSignal): Promise<Seen> {
    this.redirects.delete(path);
    return this.insist({ path, signal, isFirst: true }, async (answer, progress) => {
      const { response, linked } = answer;
      const { status, headers } = response;
      const told = { etag: headers.get('etag'), modified: headers.get('last-modified'), linked };
      if (told.etag === null && told.modified === null && linked === null && status < 300)
        throw new OffaxisError(
          'read-failed',
          say`${path}: the server sends neither ETag nor Last-Modified, so a change of the file between two reads would not be seen. Download the file and open that.`,
        );
      if (status === 206) {
        const range = rangeOf(headers.get('content-range'));
        if (!range || range.from !== 0 || range.size === null || range.to > range.size || range.to > PAGE_BYTES)
          throw lying(path, headers.get('content-range'), 0);
        refuseEncoded(path, response);
        const head = new Uint8Array(range.to);
        await this.fill(response, head, progress);
        return { ...told, sizeBytes: range.size, head, isWhole: range.to === range.size };
      }
      if (status === 416 && rangeOf(headers.get('content-range'))?.size === 0)
        return { ...told, sizeBytes: 0, head: new Uint8Array(0), isWhole: true };
      if (status === 200) return { ...told, ...(await this.whole(path, response, progress)), isWhole: true };
      throw refused(path, response, this.transport.signIn(path));
    });
  }

  /** Fills `target` from byte `from`. Throws read-failed (a change in between, too, names the file) and cancelled. */
  async range(path: string, seen: Seen, from: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (seen.isWhole) {
      target.set(seen.head.subarray(from, from + target.length));
      return;
    }
    let done = 0;
    while (done < target.length) {
      const headers = (): Record<string, string> => ({
        range: `bytes=${from + done}-${from + target.length - 1}`,
        ...(seen.etag !== null && seen.linked === null && isStrong(seen) ? { 'if-range': seen.etag } : {}),
      });
      await this.insist({ path, signal, isFirst: false, headers, at: () => from + done }, async (answer, progress) => {
        const first = from + done;
        const to = this.check(path, seen, answer, first, from + target.length);
        // What came before a break is kept: the next request begins behind it.
        await this.fill(answer.response, target.subarray(done, done + to - first), (bytes) => {
          done += bytes;
          progress(bytes);
        });
      });
    }
  }

  /**
   * What a store says of its files: an answer of its API as text; null if there is no such thing. `path`: for messages. Throws read-failed
   * and cancelled.
   */
  async ask(path: string, target: Target, signal?: AbortSignal): Promise<{ text: string; headers: Headers } | null> {
    const headers = (): Record<string, string> => ({ accept: '*/*' });
    return this.insist({ path, signal, isFirst: true, headers, target }, async ({ response }, progress) => {
      if (response.status === 404) return null;
      if (response.status !== 200) throw refused(path, response, this.transport.signIn(path));
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for (const reader = response.body?.getReader(); reader;) {
        const { value } = await reader.read().catch((error: unknown) => {
          throw new Broken(error);
        });
        if (!value) break;
        bytes += value.length;
        if (bytes > MOST_WHOLE_BYTES) {
          await reader.cancel();
          throw new OffaxisError(
            'read-failed',
            say`${path}: the server's list has more than ${MOST_WHOLE_BYTES} bytes.`,
          );
        }
        parts.push(value);
        progress(value.length);
      }
      return { text: Buffer.concat(parts).toString('utf8'), headers: response.headers };
    });
  }

  /** Where the answer's stretch ends. Throws read-failed if it does not begin at `from`, or is of another version. */
  private check(path: string, seen: Seen, { response, redirected, linked }: Answer, from: number, to: number): number {
    const { status, headers } = response;
    if (status === 200 || status === 412 || status === 416) {
      const isSame = status === 200 && seen.etag !== null && headers.get('etag') === seen.etag;
      if (!isSame) throw changedError(path);
      throw new OffaxisError(
        'read-failed',
        say`${path}: the server answered a request for a part with the whole file, which it had not done before. Try again, or download the file and open that.`,
      );
    }
    if (status !== 206) throw refused(path, response, this.transport.signIn(path));
    refuseEncoded(path, response);
    const said = headers.get('content-range');
    const range = rangeOf(said);
    if (range && range.size !== null && range.size !== seen.sizeBytes) throw changedError(path);
    if (range?.from !== from || range.size === null || range.to > to || range.to <= from) throw lying(path, said, from);
    // A host behind the redirect may name the same bytes by a name of its own, which is taken from the answer that the Hub vouches for.
    if (linked !== null) {
      if (linked !== seen.linked) throw changedError(path);
      seen.etag = headers.get('etag');
      seen.modified = headers.get('last-modified');
    } else if (
      seen.etag !== null ? headers.get('etag') !== seen.etag : headers.get('last-modified') !== seen.modified
    ) {
      throw changedError(path);
    }
    if (redirected) this.redirects.set(path, redirected);
    return range.to;
  }

  /** Makes a request until `take` has what it needs of the answer. */
  private async insist<T>(
    request: {
      path: string;
      signal: AbortSignal | undefined;
      isFirst: boolean;
      headers?: () => Record<string, string>;
      /** where the trouble was, for messages */
      at?: () => number;
      /** in place of the file's */
      target?: Target;
    },
    take: (answer: Answer, progress: (bytes: number) => void) => Promise<T>,
  ): Promise<T> {
    const { path, signal, isFirst, headers: headersOf, at } = request;
    const { environment, tell } = this.transport;
    const patience = new Patience(environment, path, tell);
    for (;;) {
      throwIfAborted(signal);
      // Before a lane is taken: to know where may need an answer of the store, which takes one itself.
      const own = request.target ?? (await this.transport.targetOf(path));
      const lane = await this.lanes.enter(signal);
      const stall = new Stall(environment.stallMilliseconds, signal);
      let setback: { why: string; retryAfter?: string | null };
      try {
        const direct = request.target ? undefined : this.redirects.get(path);
        const target = direct ?? own;
        // the first page, with which most headers come
        const headers = headersOf?.() ?? { range: `bytes=0-${PAGE_BYTES - 1}` };
        const answer = await exchange(environment.fetch, target, { path, headers, signal: stall.signal });
        const { response } = answer;
        if (
          direct &&
          response.status >= 400 &&
          response.status < 500 &&
          response.status !== 416 &&
          response.status !== 429
        ) {
          await response.body?.cancel();
          this.redirects.delete(path);
          setback = { why: `${statusText(response)} behind a redirect, which is asked for anew` };
        } else if (mayPass(response.status, isFirst)) {
          await response.body?.cancel();
          setback = { why: statusText(response), retryAfter: response.headers.get('retry-after') };
        } else {
          try {
            return await take(answer, (bytes) => {
              stall.rest();
              this.received += bytes;
              patience.came(bytes);
            });
          } finally {
            if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined);
          }
        }
      } catch (error) {
        throwIfAborted(signal);
        if (error instanceof OffaxisError && !(error instanceof Broken)) throw error;
        const fault = networkFault(error instanceof Broken ? error.cause : error);
        if (fault.isLasting || (isFirst && fault.isFirst))
          throw new OffaxisError(
            'read-failed',
            say`${path} could not be read: ${fault.why}. Check the address and the network.`,
          );
        const why = stall.isOver ? `no byte came for ${environment.stallMilliseconds / 1000} s` : fault.why;
        setback = { why: at ? `${why} at byte ${at()}` : why };
      } finally {
        stall.end();
        lane.leave();
      }
      await patience.after(setback, signal);
    }
  }

  /** Fills `target` from the body. Throws Broken if that ends early; what is more than asked for is left. */
  private async fill({ body }: Response, target: Uint8Array, progress: (bytes: number) => void): Promise<void> {
    let done = 0;
    const reader = body?.getReader();
    try {
      while (done < target.length) {
        const chunk = await reader?.read();
        if (!chunk?.value) break;
        const part = chunk.value.subarray(0, target.length - done);
        target.set(part, done);
        done += part.length;
        progress(part.length);
      }
    } catch (error) {
      throw new Broken(error);
    } finally {
      await reader?.cancel().catch(() => undefined);
    }
    if (done < target.length) throw new Broken(null);
  }

  private async whole(
    path: string,
    response: Response,
    progress: (bytes: number) => void,
  ): Promise<{ sizeBytes: number; head: Uint8Array }> {
    refuseEncoded(path, response);
    const length = response.headers.get('content-length');
    const size = length === null ? NaN : Number(length);
    if (!(size <= MOST_WHOLE_BYTES))
      throw new OffaxisError(
        'read-failed',
        say`${path}: the server does not hand out parts of files (it ignores Range), and the file ${length === null ? 'has no stated size' : `has ${size} bytes`}; up to ${MOST_WHOLE_BYTES} would be read as a whole. Download it and open that.`,
      );
    const head = new Uint8Array(size);
    await this.fill(response, head, progress);
    return { sizeBytes: size, head };
  }
}

/** A body that ended early. */
class Broken extends OffaxisError {
  constructor(cause: unknown) {
    super('read-failed', say('The connection broke.'), { cause });
  }
}

/** A signal that also ends a transfer which stands still. */
class Stall {
  isOver = false;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private readonly pass = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    private readonly milliseconds: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    outer?.addEventListener('abort', this.pass, { once: true });
    if (outer?.aborted) this.pass();
    this.rest();
  }
  get signal(): AbortSignal {
    return this.controller.signal;
  }
  /** A byte has come. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.controller.abort();
    }, this.milliseconds);
  }
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.pass);
  }
}

/**
 * Passing troubles. A 403 is one in the middle of a file (a signature that has run out, a host that slows down its readers); at the first
 * look it says that the file may not be read, or, of some stores, that it is not there.
 */
function mayPass(status: number, isFirst: boolean): boolean {
  return status === 429 || status === 408 || status >= 500 || (status === 403 && !isFirst);
}

/** `to` is exclusive. */
function rangeOf(text: string | null): { from: number; to: number; size: number | null } | null {
  const empty = /^bytes \*\/(\d{1,15})$/.exec(text ?? '');
  if (empty) return { from: 0, to: 0, size: Number(empty[1]) };
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text ?? '');
  if (!found) return null;
  const [, from, last, size] = found;
  return { from: Number(from), to: Number(last) + 1, size: size === '*' ? null : Number(size) };
}

function lying(path: string, said: string | null, from: number): OffaxisError {
  const what = said === null ? 'no Content-Range' : `Content-Range ${JSON.stringify(said.slice(0, 80))}`;
  return new OffaxisError(
    'read-failed',
    say`${path}: asked for bytes from ${from} on, the server answered with ${what}, which are others. Download the file and open that.`,
  );
}

function refuseEncoded(path: string, { headers }: Response): void {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity')
    throw new OffaxisError(
      'read-failed',
      say`${path}: the server sends it packed (${encoding.slice(0, 20)}), so that offsets in it mean nothing. Download the file and open that.`,
    );
}

function refused(path: string, response: Response, signIn: string): OffaxisError {
  const { status, headers } = response;
  const region = headers.get('x-amz-bucket-region');
  if (region !== null && status >= 300 && status < 500 && status !== 403 && status !== 404)
    return new OffaxisError(
      'read-failed',
      say`${path} could not be read: its bucket lies in the region ${region.slice(0, 40)}. Set AWS_REGION to that.`,
    );
  if (status === 404 || status === 410)
    return new NotThere('bad-file', say`${path} does not exist. Check the address.`);
  const what = `${path} could not be read: ${statusText(response)}.`;
  return status === 401 || status === 403
    ? new NotAllowed('read-failed', `${what} ${signIn}`)
    : new OffaxisError('read-failed', say`${what} Check the address.`);
}
