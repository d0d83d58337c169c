import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { OffaxisError, sentenceOf, toWireError } from '../../../src/protocol/errors.ts';
import { RpcClient, serve, type Channel, type WireMessage } from '../../../src/protocol/rpc.ts';
import { say } from '../../../src/protocol/say.ts';

interface Calls {
  double(params: { x: number }): number;
  fail(params: Record<string, never>): null;
  refuse(params: Record<string, never>): null;
  wait(params: Record<string, never>): null;
}
interface Streams {
  count(params: { to: number }): number;
  forever(params: Record<string, never>): number;
}
const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

/** A real structured-clone pipe. */
function channel(port: MessagePort): Channel {
  open.push(port);
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', (message: WireMessage) => listener(message)),
    onClose: (listener) => void port.on('close', listener),
  };
}
function pair() {
  const { port1, port2 } = new MessageChannel();
  const state = { aborted: 0, yielded: 0 };
  serve<Calls, Streams>(channel(port2), {
    calls: {
      double: ({ x }) => 2 * x,
      fail: () => {
        throw new OffaxisError('bad-file', 'a.safetensors is not a checkpoint.');
      },
      refuse: () => {
        throw new OffaxisError('bad-file', say`${'a\u0007.pt'} is empty.`);
      },
      wait: (_, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            ++state.aborted;
            reject(new OffaxisError('cancelled', 'Cancelled.'));
          }),
        ),
    },
    streams: {
      async *count({ to }) {
        for (let i = 0; i < to; ++i) yield await Promise.resolve(i);
      },
      async *forever(_, signal) {
        while (!signal.aborted) {
          ++state.yielded;
          yield await new Promise<number>((resolve) => setTimeout(() => resolve(1), 1));
        }
        ++state.aborted;
      },
    },
  });
  return { client: new RpcClient<Calls, Streams>(channel(port1)), state, serverPort: port2, port1 };
}

describe('rpc', () => {
  it('answers calls, streams in order, and passes typed errors', async () => {
    const { client } = pair();
    expect(await client.call('double', { x: 21 })).toBe(42);
    const seen: number[] = [];
    for await (const i of client.stream('count', { to: 5 })) seen.push(i);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    await expect(client.call('fail', {})).rejects.toMatchObject({
      code: 'bad-file',
      message: 'a.safetensors is not a checkpoint.',
    });
  });

  it('sends a stream of many values in order, with few messages, the first of them at once', async () => {
    const { client, port1 } = pair();
    const lengths: number[] = [];
    port1.on('message', (message: WireMessage) => {
      if (message.kind === 'next') lengths.push(message.values.length);
    });
    const TO = 100_000;
    let expected = 0;
    for await (const value of client.stream('count', { to: TO })) if (value === expected) expected++;
    expect(expected).toBe(TO);
    expect(lengths.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 1));
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(TO);
    // 256 values each; a turn of the event loop may end before as many have come
    expect(lengths.length).toBeLessThan(TO / 100);
  });

  it('hears no controls in what the peer says of an error, and always something', async () => {
    const said = async (message: string): Promise<string> => {
      let arrive: (message: WireMessage) => void = () => undefined;
      const client = new RpcClient<Calls, Streams>({
        send: ({ id }) => arrive({ kind: 'error', id, error: { code: 'bad-file', message } }),
        onMessage: (listener) => (arrive = listener),
        onClose: () => undefined,
      });
      return client.call('double', { x: 1 }).then(String, (error: Error) => error.message);
    };
    expect(await said('a\u001b[31m is\nnot\u0085 é')).toBe('a\\u{1B}[31m is\\u{0A}not\\u{85} é');
    expect(await said('')).toBe('The engine gave no reason.');
  });

  it('answers an unknown method with an error', async () => {
    const { client } = pair();
    await expect(
      (client as unknown as RpcClient<{ toString(p: null): null }, Streams>).call('toString', null),
    ).rejects.toMatchObject({ code: 'bug' });
  });

  it('cancels a call, and a stream that is left early', async () => {
    const { client, state } = pair();
    const abort = new AbortController();
    const call = client.call('wait', {}, abort.signal);
    setTimeout(() => abort.abort(), 5);
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    for await (const one of client.stream('forever', {})) if (one) break;
    await expect.poll(() => state.aborted).toBe(2);
    const after = state.yielded;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(state.yielded).toBe(after);
  });

  it('fails every open request when the peer goes', async () => {
    const { client, serverPort } = pair();
    const call = client.call('wait', {});
    const stream = (async () => {
      for await (const one of client.stream('forever', {})) if (!one) break;
    })();
    setTimeout(() => serverPort.close(), 10);
    await expect(call).rejects.toMatchObject({ code: 'peer-gone' });
    await expect(stream).rejects.toMatchObject({ code: 'peer-gone' });
    await expect(client.call('double', { x: 1 })).rejects.toMatchObject({ code: 'peer-gone' });
  });

  it('carries the template of an error beside its sentence, to be translated where it is shown', async () => {
    const { client } = pair();
    const error = toWireError(await client.call('refuse', {}).catch((thrown: unknown) => thrown));
    expect(error).toEqual({
      code: 'bad-file',
      message: 'a\\u{07}.pt is empty.',
      text: { message: '{0} is empty.', args: ['a\\u{07}.pt'] },
    });
    const german = (message: string): string => (message === '{0} is empty.' ? '{0} ist leer.' : message);
    expect(sentenceOf(error, german)).toBe('a\\u{07}.pt ist leer.');
    expect(sentenceOf({ code: 'bug', message: 'as it is' }, german)).toBe('as it is');
  });

  it.each([
    { message: 1, args: [] },
    { message: '', args: [] },
    { message: '{0}', args: [1] },
    { message: '{0}' },
    'text',
  ])('takes the sentence alone of a peer whose template is none: %j', async (text) => {
    const { client, serverPort } = pair();
    const call = client.call('wait', {}).catch((thrown: unknown) => thrown);
    serverPort.postMessage({ kind: 'error', id: 1, error: { code: 'bad-file', message: 'It is empty.', text } });
    expect(toWireError(await call)).toEqual({ code: 'bad-file', message: 'It is empty.' });
  });
});
