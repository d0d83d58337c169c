// Runs programs (modules that work as they are loaded) one after another in this one process, each evaluated anew: what a process takes
// to start is many times what it is started for. A message {argv, target, fault} begins a run; the answer is what a process of its own
// would have left: {status, stdout, stderr, counts, hit}.
import { pathToFileURL } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { arm } from './inject.mjs';

const told = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr']) {
  // every run listens for its errors
  process[name].setMaxListeners(0);
  process[name].write = (chunk, ...rest) => {
    told[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
}
process.setMaxListeners(0);

let crashed;
for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, (error) => crashed?.(error));

/** What keeps a process running: pending calls, open handles, timers. */
const busy = () => process.getActiveResourcesInfo().sort().join();

let runs = 0;
async function run({ argv: [program, ...args], target, fault }) {
  await setTimeout(0);
  const idle = busy();
  process.argv = [process.argv[0], program, ...args];
  process.env.OFFAXIS_TARGET = target;
  process.exitCode = undefined;
  Object.assign(told, { stdout: '', stderr: '' });
  arm(fault);
  const crash = new Promise((_done, reject) => (crashed = reject));
  let status;
  try {
    await Promise.race([import(`${pathToFileURL(program)}?run=${runs++}`), crash]);
    // A process ends when nothing is left to do; only then is the next one begun.
    while (busy() !== idle) await Promise.race([setTimeout(1), crash]);
    status = process.exitCode ?? 0;
  } catch (error) {
    told.stderr += `${error?.stack ?? error}\n`;
    status = 1;
  }
  process.exitCode = undefined;
  return { status, ...told, ...arm({}) };
}
process.on('message', (message) => void run(message).then((found) => process.send(found)));
