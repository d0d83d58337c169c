/** The log of the extension: every line that names a file or a tensor goes through here on its way to the output channel. */
import type { EngineLog } from '../engine/launch.ts';
import { logLines } from '../text/show.ts';

export interface Log extends EngineLog {
  show(): void;
  dispose(): void;
}

/** `channel`: VS Code's, which writes a text as it is. */
export function shownLog(channel: Log): Log {
  return {
    info: (text) => channel.info(logLines(text)),
    debug: (text) => channel.debug(logLines(text)),
    warn: (text) => channel.warn(logLines(text)),
    error: (text) => channel.error(logLines(text)),
    show: () => channel.show(),
    dispose: () => channel.dispose(),
  };
}
