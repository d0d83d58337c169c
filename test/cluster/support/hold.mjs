/**
 * Loaded before offaxis (--import) by the tasks of these tests: while the file `hold-I` lies in the folder that OFFAXIS_TEST_HOLD names, the
 * task of part I stops when all is computed and its temporary file is written, right before it gets its name, and says so by `held-I-PID`.
 * So a test kills it at that moment on a machine of any speed.
 */
import { existsSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const folder = process.env.OFFAXIS_TEST_HOLD ?? '';
const { rename } = promises;
promises.rename = async (from, to) => {
  const part = /part-(\d+)\.json$/.exec(String(to))?.[1];
  for (let said = false; part && existsSync(join(folder, `hold-${part}`)); said = true) {
    if (!said) writeFileSync(join(folder, `held-${part}-${process.pid}`), '');
    await setTimeout(50);
  }
  return rename(from, to);
};
syncBuiltinESMExports();
