// Loaded before the command line (`node --import`): lets one call to the file system fail, chosen by OFFAXIS_FAULT = {operation, call, kind,
// folder, only}, or by a message {fault} of whoever started this process, which begins the count anew and is answered by what was counted
// before. Calls are counted over paths inside `folder` alone, and over those that end in `only`. Without a kind nothing fails; the calls
// are told in OFFAXIS_FAULT_LOG.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

let fault = JSON.parse(process.env.OFFAXIS_FAULT ?? '{}');
let counts = {};
let hit = false;

/** What was counted so far; from here on it is this fault. */
export function arm(next) {
  const told = { counts, hit };
  [fault, counts, hit] = [next, {}, false];
  return told;
}

/** True when this is the call that is to fail, or, with `call` "every", when each is. */
function due(operation, path) {
  if (!fault.folder || !String(path).startsWith(fault.folder)) return false;
  if (fault.only && !String(path).endsWith(fault.only)) return false;
  counts[operation] = (counts[operation] ?? 0) + 1;
  const now = operation === fault.operation && (fault.call === 'every' || fault.call === counts[operation]);
  hit ||= now;
  return now;
}
function failure(path, syscall) {
  const error = new Error(`${fault.kind}: injected, ${syscall} '${path}'`);
  return Object.assign(error, { code: fault.kind, syscall, path, errno: -1 });
}

if (isMainThread) {
  const { promises } = fs;
  for (const name of ['stat', 'lstat', 'readdir', 'access', 'rename', 'unlink']) {
    const real = promises[name];
    promises[name] = async (path, ...rest) => {
      if (due(name, path)) throw failure(path, name);
      return real(path, ...rest);
    };
  }
  const open = promises.open;
  promises.open = async (path, ...rest) => {
    if (due('open', path)) throw failure(path, 'open');
    const handle = await open(path, ...rest);
    for (const name of ['read', 'write']) {
      const real = handle[name].bind(handle);
      handle[name] = (buffer, offset, length, position) => {
        if (!due(name, path)) return real(buffer, offset, length, position);
        // fewer bytes than asked for, as the system may; none, as at the end of a file that has become shorter
        if (fault.kind === 'short') return real(buffer, offset, Math.ceil(length / 2), position);
        if (fault.kind === 'end') return Promise.resolve({ bytesRead: 0, bytesWritten: 0, buffer });
        return Promise.reject(failure(path, name));
      };
    }
    for (const name of ['sync', 'stat', 'chmod']) {
      const real = handle[name].bind(handle);
      handle[name] = async (...args) => {
        if (due(`handle.${name}`, path)) throw failure(path, name);
        return real(...args);
      };
    }
    return handle;
  };
  syncBuiltinESMExports();
  const log = process.env.OFFAXIS_FAULT_LOG;
  if (log) process.on('exit', () => fs.writeFileSync(log, JSON.stringify({ counts, hit })));
  if (process.env.OFFAXIS_FAULT_MESSAGES) {
    process.on('message', (next) => process.send(arm(next)));
    // it is not what keeps the program running
    process.channel.unref();
  }
}
