/**
 * One typed RPC for both borders. Every request ends in exactly one of: a reply (`done`), a typed `error`, or the peer's end (every
 * open call then fails with `peer-gone`). Streams send `next` any number of times before that. Unknown messages are answered.
 */
import { ERROR_CODES, OffaxisError, toWireError, type WireError } from './errors.ts';
import { appendAll } from './lists.ts';
import { say, type Text } from './say.ts';

export type WireMessage =
  | { kind: 'request'; id: number; method: string; params: unknown }
  | { kind: 'cancel'; id: number }
  | { kind: 'next'; id: number; values: unknown[] }
  | { kind: 'done'; id: number; value?: unknown }
  | { kind: 'error'; id: number; error: WireError };

/** Whether what has arrived is a message at all. One that is not is passed over: the peer may be of another version, or broken. */
function isWireMessage(message: unknown): message is WireMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { kind, id, method, error, values } = message as Partial<
    Record<'kind' | 'id' | 'method' | 'error' | 'values', unknown>
  >;
  if (typeof id !== 'number') return false;
  switch (kind) {
    case 'request':
      return typeof method === 'string';
    case 'error':
      return isWireError(error);
    case 'next':
      return Array.isArray(values);
    case 'cancel':
    case 'done':
      return true;
    default:
      return false;
  }
}

function isWireError(error: unknown): error is WireError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof message === 'string' && ERROR_CODES.some((known) => known === code);
}

/** A two-way pipe of structured-cloneable messages. */
export interface Channel {
  send(message: WireMessage): void;
  onMessage(listener: (message: WireMessage) => void): void;
  onClose(listener: () => void): void;
}

type AnyFunction = (params: never) => unknown;
export type Handlers<Calls, Streams> = {
  calls: {
    [M in keyof Calls]: Calls[M] extends (params: infer P) => infer R
      ? (params: P, signal: AbortSignal) => Promise<R> | R
      : never;
  };
  streams: {
    [M in keyof Streams]: Streams[M] extends (params: infer P) => infer R
      ? (params: P, signal: AbortSignal) => AsyncIterable<R>
      : never;
  };
};

/** Answers the requests that arrive on a channel. Ends every running request when the channel closes. */
export function serve<Calls, Streams>(channel: Channel, handlers: Handlers<Calls, Streams>): void {
  const running = new Map<number, AbortController>();
  channel.onClose(() => running.forEach((controller) => controller.abort()));
  channel.onMessage((message) => {
    if (!isWireMessage(message)) return;
    if (message.kind === 'cancel') running.get(message.id)?.abort();
    else if (message.kind === 'request') void answer(message);
  });
  async function answer({ id, method, params }: Extract<WireMessage, { kind: 'request' }>): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const call = Object.hasOwn(handlers.calls, method)
        ? (handlers.calls[method as keyof Calls] as unknown)
        : undefined;
      const stream = Object.hasOwn(handlers.streams, method)
        ? (handlers.streams[method as keyof Streams] as unknown)
        : undefined;
      if (call)
        channel.send({
          kind: 'done',
          id,
          value: await (call as (p: unknown, s: AbortSignal) => unknown)(params, controller.signal),
        });
      else if (stream) {
        const values = (stream as (p: unknown, s: AbortSignal) => AsyncIterable<unknown>)(params, controller.signal);
        const batch = new Batch((ready) => channel.send({ kind: 'next', id, values: ready }));
        try {
          for await (const value of values) batch.add(value);
        } finally {
          batch.flush();
        }
        channel.send({ kind: 'done', id });
      } else throw new OffaxisError('bug', `There is no method ${JSON.stringify(method.slice(0, 80))}.`);
    } catch (error) {
      channel.send({ kind: 'error', id, error: toWireError(error) });
    } finally {
      running.delete(id);
    }
  }
}

/** Values of one message: what a message costs is little beside them, and none grows large. */
const MOST_VALUES = 256;
/** Values that go at once in one turn of the event loop: what a process has said before it crashes is not lost. */
const AT_ONCE = 16;

/** Sends values as they come; if they come by thousands in one turn, many with one message: a stream may have a million. */
class Batch {
  private values: unknown[] = [];
  private inTurn = 0;

  constructor(private readonly send: (values: unknown[]) => void) {}

  add(value: unknown): void {
    if (++this.inTurn === 1)
      setImmediate(() => {
        this.inTurn = 0;
        this.flush();
      });
    this.values.push(value);
    if (this.inTurn <= AT_ONCE || this.values.length === MOST_VALUES) this.flush();
  }
  flush(): void {
    const { values } = this;
    if (values.length === 0) return;
    this.values = [];
    this.send(values);
  }
}

interface Pending {
  next(values: unknown[]): void;
  done(value: unknown): void;
  fail(error: OffaxisError): void;
}

/** A sentence of the peer may quote what a file or the system says: controls in it are escapes from here on, as src/text writes them. */
function inSight(text: string): string {
  const escape = (character: string): string =>
    `\\u{${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}}`;
  return text.replace(/\p{Cc}/gu, escape);
}

/** What the peer says, with its arguments if they are what they should be; null if it says nothing. */
function textInSight({ message, text }: WireError): Text | string | null {
  const shown = (part: Text | string): Text | string =>
    typeof part === 'string' ? inSight(part) : { message: inSight(part.message), args: part.args.map(shown) };
  return text && isText(text) ? shown(text) : inSight(message) || null;
}

function isText(value: unknown): value is Text {
  if (typeof value !== 'object' || value === null) return false;
  const { message, args } = value as { message?: unknown; args?: unknown };
  const isPart = (part: unknown): boolean => typeof part === 'string' || isText(part);
  return typeof message === 'string' && message !== '' && Array.isArray(args) && args.every(isPart);
}

/** The calling side. */
export class RpcClient<Calls, Streams> {
  private nextId = 1;
  private closed = false;
  private readonly pending = new Map<number, Pending>();

  constructor(private readonly channel: Channel) {
    channel.onMessage((message) => {
      if (!isWireMessage(message) || message.kind === 'request' || message.kind === 'cancel') return;
      const pending = this.pending.get(message.id);
      if (!pending) return;
      if (message.kind === 'next') return pending.next(message.values);
      this.pending.delete(message.id);
      if (message.kind === 'done') pending.done(message.value);
      else
        pending.fail(
          new OffaxisError(message.error.code, textInSight(message.error) ?? say('The engine gave no reason.')),
        );
    });
    channel.onClose(() => {
      this.closed = true;
      const open = [...this.pending.values()];
      this.pending.clear();
      for (const pending of open) pending.fail(gone());
    });
  }

  call<M extends keyof Calls & string>(
    method: M,
    params: Calls[M] extends AnyFunction ? Parameters<Calls[M]>[0] : never,
    signal?: AbortSignal,
  ): Promise<Calls[M] extends (...args: never[]) => infer R ? R : never> {
    return new Promise((resolve, reject) => {
      this.start(method, params, signal, {
        next: () => undefined,
        done: (value) => resolve(value as never),
        fail: reject,
      });
    });
  }

  /** Ends, with an error, when the peer ends. Leaving the loop early cancels the request. */
  async *stream<M extends keyof Streams & string>(
    method: M,
    params: Streams[M] extends AnyFunction ? Parameters<Streams[M]>[0] : never,
    signal?: AbortSignal,
  ): AsyncGenerator<Streams[M] extends (...args: never[]) => infer R ? R : never, void, undefined> {
    let queue: unknown[] = [];
    let finished = false;
    let failure: OffaxisError | undefined;
    let wake: () => void = () => undefined;
    const id = this.start(method, params, signal, {
      next: (values) => {
        appendAll(queue, values);
        wake();
      },
      done: () => {
        finished = true;
        wake();
      },
      fail: (error) => {
        failure = error;
        finished = true;
        wake();
      },
    });
    try {
      for (;;) {
        while (queue.length) {
          const ready = queue;
          queue = [];
          for (const value of ready) yield value as never;
        }
        if (finished) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure) throw failure;
    } finally {
      if (!finished) this.channel.send({ kind: 'cancel', id });
      this.pending.delete(id);
    }
  }

  private start(method: string, params: unknown, signal: AbortSignal | undefined, pending: Pending): number {
    const id = this.nextId++;
    if (this.closed) queueMicrotask(() => pending.fail(gone()));
    else if (signal?.aborted) queueMicrotask(() => pending.fail(new OffaxisError('cancelled', 'Cancelled.')));
    else {
      const onAbort = (): void => this.channel.send({ kind: 'cancel', id });
      signal?.addEventListener('abort', onAbort, { once: true });
      const ended = (): void => signal?.removeEventListener('abort', onAbort);
      this.pending.set(id, {
        next: pending.next,
        done: (value) => (ended(), pending.done(value)),
        fail: (error) => (ended(), pending.fail(error)),
      });
      this.channel.send({ kind: 'request', id, method, params });
    }
    return id;
  }
}

function gone(): OffaxisError {
  return new OffaxisError(
    'peer-gone',
    say('The Offaxis engine ended. Everything computed so far is kept; run the command again to go on.'),
  );
}
