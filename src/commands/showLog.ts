import type { Command } from './register.ts';

/** "Show Log": files, backend and timings; never weights. */
export const showLog: Command = {
  id: 'offaxis.showLog',
  async run({ log }) {
    log.show();
  },
};
