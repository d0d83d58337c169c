/** Messages to the engine's end of the RPC and back to the client's: each request ends exactly once, and no message throws. */
import { OffaxisError } from '../../src/protocol/errors.ts';
import { RpcClient, serve, type Channel, type WireMessage } from '../../src/protocol/rpc.ts';
import { damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

interface Calls {
  echo(params: unknown): unknown;
  fail(params: unknown): unknown;
}
interface Streams {
  count(params: unknown): number;
}

/** A channel whose far end is the fuzzer. */
function farEnd(): Channel & { sent: WireMessage[]; arrive(message: unknown): void; close(): void } {
  let listener: (message: WireMessage) => void = () => undefined;
  let closed: () => void = () => undefined;
  const sent: WireMessage[] = [];
  return {
    sent,
    send: (message) => void sent.push(message),
    onMessage: (next) => (listener = next),
    onClose: (next) => (closed = next),
    arrive: (message) => listener(message as WireMessage),
    close: () => closed(),
  };
}
/** More turns than any handler below takes. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export const rpcTarget: Target = {
  name: 'rpc',
  note: 'messages as JSON, on both ends',
  make(random) {
    const text = JSON.stringify(Array.from({ length: 1 + random.below(6) }, () => message(random)));
    return new TextEncoder().encode(random.chance(0.5) ? damagedJson(random, text) : text);
  },
  async run(bytes) {
    let messages: unknown;
    try {
      messages = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      // Only values cross the border: damage that leaves no JSON leaves no message.
      messages = [];
    }
    const list = Array.isArray(messages) ? (messages as unknown[]) : [messages];
    const errors: { code: string; message: string }[] = [];
    const fault = (await toServer(list, errors)) ?? (await toClient(list, errors));
    return { accepted: errors.length === 0, rejections: errors, fault };
  },
  close: () => Promise.resolve(),
};

async function toServer(messages: unknown[], errors: { code: string; message: string }[]): Promise<string | null> {
  const channel = farEnd();
  serve<Calls, Streams>(channel, {
    calls: {
      echo: (params) => params,
      fail: () => {
        throw new OffaxisError('bad-file', 'There is no such file.');
      },
    },
    streams: {
      async *count() {
        yield 1;
        await Promise.resolve();
        yield 2;
      },
    },
  });
  for (const one of messages) channel.arrive(one);
  await settled();
  channel.close();
  const isRequest = (one: unknown): boolean =>
    isObject(one) && one['kind'] === 'request' && typeof one['id'] === 'number' && typeof one['method'] === 'string';
  const asked = messages.filter(isRequest).length;
  const ended = channel.sent.filter(({ kind }) => kind === 'done' || kind === 'error').length;
  for (const reply of channel.sent) if (reply.kind === 'error') errors.push(reply.error);
  return asked === ended ? null : `${asked} requests, ${ended} ends`;
}

async function toClient(messages: unknown[], errors: { code: string; message: string }[]): Promise<string | null> {
  const channel = farEnd();
  const client = new RpcClient<Calls, Streams>(channel);
  let open = 2;
  const end = (error?: unknown): void => {
    open--;
    // What nobody answered ends with the channel, as it should.
    if (error instanceof OffaxisError && error.code === 'peer-gone') return;
    if (error instanceof OffaxisError) errors.push({ code: error.code, message: error.message });
    else if (error !== undefined) throw new Error('A call ended with what is not an error of ours.', { cause: error });
  };
  const drain = async (): Promise<void> => {
    for await (const value of client.stream('count', null)) void value;
  };
  const both = Promise.all([client.call('echo', 'x').then(() => end(), end), drain().then(() => end(), end)]);
  for (const one of messages) channel.arrive(one);
  await settled();
  channel.close();
  await both;
  return open === 0 ? null : `${open} calls never ended`;
}

function message(random: Random): object {
  const id = random.pick([1, 2, 3, 0, -1, 1.5, 2 ** 53, 'x', null]);
  const error = random.pick([
    { code: 'bad-file', message: 'gone' },
    { code: 'cancelled', message: 'Cancelled.' },
  ]);
  return random.pick<object>([
    {
      kind: 'request',
      id,
      method: random.pick(['echo', 'fail', 'count', 'toString', '__proto__', 'nothing']),
      params: { a: [1] },
    },
    { kind: 'cancel', id },
    { kind: 'next', id, values: [7] },
    { kind: 'done', id, value: null },
    { kind: 'error', id, error },
    { kind: 'strange', id },
  ]);
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
