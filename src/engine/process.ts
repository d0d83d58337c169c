/** Entry of the engine process (dist/engine.mjs), started by launch.ts. Arguments: --backend auto|cpu --threads N. */
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { createAnalysis } from '../analysis/index.ts';
import { engineArguments } from './options.ts';
import { parentChannel, serveAnalysis } from './server.ts';

declare const OFFAXIS_VERSION: string | undefined;

/** Worker threads in the middle of a kernel do not hear of the end; they get this long. */
const END_MS = 500;

const { values } = parseArgs({ options: { backend: { type: 'string' }, threads: { type: 'string' } } });
try {
  // The editor stays responsive while all cores compute. Not allowed everywhere, and not needed for the result.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch (error) {
  process.stderr.write(`priority unchanged: ${(error as Error).message}\n`);
}
let disposeAnalysis: () => Promise<void> = async () => undefined;
serveAnalysis(
  parentChannel(),
  async () => {
    const analysis = await createAnalysis(engineArguments.parse(values));
    disposeAnalysis = () => analysis.dispose();
    return analysis;
  },
  typeof OFFAXIS_VERSION === 'string' ? OFFAXIS_VERSION : 'development',
);
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), END_MS).unref();
  void disposeAnalysis().finally(() => process.exit(0));
});
