/** Entry of the engine process (dist/engine.mjs), started by launch.ts. Arguments: see options.ts. */
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { createAnalysis } from '../analysis/index.ts';
import { Notices } from './notices.ts';
import { ENGINE_ARGUMENTS, engineArguments } from './options.ts';
import { parentChannel, serveAnalysis } from './server.ts';

declare const OFFAXIS_VERSION: string | undefined;

/**
 * The editor stays responsive while all cores compute. Not before: whoever opens a file waits for its headers, and the editor itself is at
 * work then. There is no way back up. Not allowed everywhere, and not needed for the result.
 */
function makeWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch (error) {
    process.stderr.write(`priority unchanged: ${(error as Error).message}\n`);
  }
}

/** Worker threads in the middle of a kernel do not hear of the end; they get this long. */
const END_MS = 500;

const { values } = parseArgs({ options: ENGINE_ARGUMENTS });
const notices = new Notices();
const log = {
  info: (text: string): void => notices.say({ type: 'log', level: 'info', text }),
  warn: (text: string): void => notices.say({ type: 'log', level: 'warn', text }),
};
let disposeAnalysis: () => Promise<void> = async () => undefined;
serveAnalysis(
  parentChannel(),
  async () => {
    const analysis = await createAnalysis({
      ...engineArguments.parse(values),
      log,
      onGpuWork: (busy) => notices.say({ type: 'gpu', busy }),
    });
    disposeAnalysis = () => analysis.dispose();
    return analysis;
  },
  typeof OFFAXIS_VERSION === 'string' ? OFFAXIS_VERSION : 'development',
  notices,
  makeWay,
);
// An end by the system runs what is to be done at the exit: a file half written is removed.
for (const name of ['SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), END_MS).unref();
  void disposeAnalysis().finally(() => process.exit(0));
});
