/** Starts the engine as a child process and speaks RPC with it over the process's own IPC channel. */
import { fork } from 'node:child_process';
import type { EngineCalls, EngineStreams } from '../protocol/engine.ts';
import { childEnvironment } from './environment.ts';
import { RpcClient, type Channel, type WireMessage } from '../protocol/rpc.ts';

export interface EngineLog {
  info(message: string): void;
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
export interface LaunchOptions {
  /** the bundled entry, dist/engine.mjs */
  file: string;
  arguments: string[];
  log: EngineLog;
  /** the program; left out: the one that runs this process */
  execPath?: string | null;
}
export interface EngineProcess {
  readonly pid: number | undefined;
  readonly rpc: RpcClient<EngineCalls, EngineStreams>;
  /** Settles, never rejects, when the process is gone: "exit code 1", "signal SIGKILL", or why it could not start. */
  readonly ended: Promise<string>;
  /** Closes the channel; the engine then ends by itself. */
  disconnect(): void;
  kill(): void;
}

/** Never throws: a process that cannot start has `ended` at once. */
export function launchEngine({ file, arguments: argv, log, execPath }: LaunchOptions): EngineProcess {
  // No execArgv: an --inspect of the extension host would take its port.
  const child = fork(file, argv, {
    execPath: execPath ?? process.execPath,
    execArgv: [],
    env: childEnvironment(),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => log.debug(`engine ${child.pid}: ${text.trimEnd()}`));
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  const channel: Channel = {
    send(message) {
      // A send to a process that is just ending fails; its end is reported by onClose, so the error says nothing more.
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage(listener) {
      child.on('message', (message) => listener(message as WireMessage));
    },
    onClose(listener) {
      // "disconnect" comes after the last message; "error" stands for a process that never started.
      let closed = false;
      const close = (): void => {
        if (!closed) listener();
        closed = true;
      };
      child.on('disconnect', close).on('error', close);
    },
  };
  return {
    pid: child.pid,
    rpc: new RpcClient(channel),
    ended,
    disconnect() {
      if (child.connected) child.disconnect();
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}
