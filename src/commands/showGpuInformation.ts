import type { Command } from './register.ts';

/** "Show GPU Information": what the engine found, what it computes on, and why. */
export const showGpuInformation: Command = {
  id: 'offaxis.showGpuInformation',
  async run({ gpuDocument }) {
    await gpuDocument.show();
  },
};
