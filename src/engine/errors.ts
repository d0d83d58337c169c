/** Why a request to the engine process ended early: the three cases call for different answers. */
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';

/** The process ended by itself: a kernel, a driver or the memory limit. */
export class EngineCrashedError extends OffaxisError {
  /** `duringGpuWork`: the GPU is the likely cause, and the next process does without it. */
  constructor(
    detail: string,
    readonly duringGpuWork = false,
  ) {
    super(
      'peer-gone',
      say`The Offaxis engine ended unexpectedly (${detail}). Everything computed so far is kept; press Retry to go on.`,
    );
  }
}

/** The process was ended on purpose (a request beside this one did not cancel in time): nobody's fault, the work may be repeated. */
export class EngineStoppedError extends OffaxisError {
  constructor() {
    super(
      'peer-gone',
      say('The Offaxis engine was restarted. Everything computed so far is kept; press Retry to go on.'),
    );
  }
}

/** It crashed too often; it is not started again before the user asks. */
export class EngineUnavailableError extends OffaxisError {
  constructor(crashes: number) {
    super(
      'peer-gone',
      say`The Offaxis engine crashed ${crashes} times within a minute and is not started again by itself. See "Offaxis: Show Log", then press Retry.`,
    );
  }
}
