/** The engine's end of the border: answers the requests of the extension host with an Analysis. */
import type { Analysis } from '../analysis/index.ts';
import { remote } from '../bytes/index.ts';
import type { EngineCalls, EngineStreams } from '../protocol/engine.ts';
import { Notices } from './notices.ts';
import { packFacts } from '../protocol/packedFacts.ts';
import { serve, type Channel, type WireMessage } from '../protocol/rpc.ts';

/**
 * `notices`: what the process says unasked. `computes`: called once, before the first work that takes the cores or a GPU, as every stream may.
 * `connect` is asked once; when it fails (an incomplete installation), every request is answered with that error.
 */
export function serveAnalysis(
  channel: Channel,
  connect: () => Promise<Analysis>,
  version: string,
  notices = new Notices(),
  computes: () => void = () => undefined,
): void {
  let opened: Promise<Analysis> | undefined;
  const analysis = (): Promise<Analysis> => (opened ??= connect());
  let isComputing = false;
  const atWork = (): Promise<Analysis> => {
    if (!isComputing) computes();
    isComputing = true;
    return analysis();
  };
  serve<EngineCalls, EngineStreams>(channel, {
    calls: {
      info: async () => ({
        ...(await (await atWork()).info()),
        version,
        pid: process.pid,
        node: process.version,
      }),
      access: ({ hubToken, addresses }) => {
        // At once: the requests behind it need it.
        remote.use({ hubToken });
        for (const address of addresses) remote.admit(address);
        return null;
      },
      locate: async ({ address }, signal) => (await analysis()).locate(address, signal),
      gpu: async () => (await atWork()).gpu(),
      open: async (params, signal) => packFacts(await (await analysis()).open(params, signal)),
      plan: async (params, signal) => (await analysis()).plan(params, signal),
      modules: async (params, signal) => (await analysis()).modules(params, signal),
      inputs: async (params, signal) => (await analysis()).inputs(params, signal),
      letGo: async (params) => {
        await (await analysis()).letGo(params);
        return null;
      },
      prioritize: async (params) => {
        (await analysis()).prioritize(params);
        return null;
      },
      isKnownAlone: async ({ path }, signal) => (await analysis()).isKnownAlone(path, signal),
      values: async (params, signal) => (await analysis()).values(params, signal),
    },
    streams: {
      watch: (_, signal) => notices.stream(signal),
      async *inspect(params, signal) {
        yield* (await atWork()).inspect(params, signal);
      },
      async *compare(params, signal) {
        yield* (await atWork()).compare(params, signal);
      },
      async *updatePairs(params, signal) {
        yield* (await atWork()).updatePairs(params, signal);
      },
      async *scan(params, signal) {
        yield* (await atWork()).scan(params, signal);
      },
      async *several(params, signal) {
        yield* (await atWork()).several(params, signal);
      },
      async *verify(params, signal) {
        yield* (await atWork()).verify(params, signal);
      },
      async *digest(params, signal) {
        yield* (await atWork()).digest(params, signal);
      },
      async *picture(params, signal) {
        yield* (await atWork()).picture(params, signal);
      },
      async *mask(params, signal) {
        yield* (await atWork()).mask(params, signal);
      },
      async *exportTensor(params, signal) {
        yield* (await atWork()).exportTensor(params, signal);
      },
    },
  });
}

/** The IPC channel of a process started by child_process.fork with `serialization: 'advanced'`. */
export function parentChannel(): Channel {
  return {
    send(message) {
      // After the disconnect nobody listens; the process is about to end.
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onMessage(listener) {
      process.on('message', (message) => listener(message as WireMessage));
    },
    onClose(listener) {
      process.on('disconnect', listener);
    },
  };
}
