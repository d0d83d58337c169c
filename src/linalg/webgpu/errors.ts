import { OffaxisError } from '../../protocol/errors.ts';
import { say, type Text } from '../../protocol/say.ts';

/**
 * The device cannot hold what a call needs: over the cap, over a limit, or refused by the driver. `device-lost`, as the call may be
 * repeated elsewhere; the device itself goes on working.
 */
export class DeviceMemoryError extends OffaxisError {
  constructor(
    readonly what: string,
    readonly neededBytes: number,
    readonly limitBytes: number,
    reason: string,
  ) {
    super(
      'device-lost',
      say`The GPU cannot hold ${what}: it needs ${mebibytes(neededBytes)}, ${reason} ${mebibytes(limitBytes)}. The CPU can take this matrix; a higher "offaxis.gpuMemory" helps if the GPU has more.`,
    );
    this.name = 'DeviceMemoryError';
  }
}

/** The driver had no memory for a buffer within cap and limits: other programs hold it, or the cap is too high for this device. */
export class DeviceExhaustedError extends OffaxisError {
  constructor(message: Text) {
    super('device-lost', message);
    this.name = 'DeviceExhaustedError';
  }
}

const mebibytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;

export function lostError(info: { reason: string; message: string }): OffaxisError {
  const why = info.message.split('\n')[0]?.trim() ?? '';
  return new OffaxisError(
    'device-lost',
    say`The GPU device is gone (${info.reason || 'unknown'}${why && `: ${why}`}).`,
  );
}

/** An error that an error scope caught while `what` was done. */
export function scopeError(what: string, kind: GPUErrorFilter, error: { message: string }): OffaxisError {
  const message = error.message.split('\n')[0]?.trim() ?? '';
  switch (kind) {
    case 'out-of-memory':
      return new DeviceExhaustedError(say`The GPU ran out of memory (${what}): ${message}`);
    case 'validation':
      return new OffaxisError('device-lost', say`The GPU refused a command (${what}): ${message}`);
    case 'internal':
      return new OffaxisError('device-lost', say`The GPU driver failed (${what}): ${message}`);
  }
}
