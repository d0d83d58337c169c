/** What a child process of ours is given of this one's environment. */

/**
 * Without NODE_OPTIONS: a workspace's terminal settings or a debugger put loaders, ports and memory limits there that are meant for
 * other programs. Electron runs as plain Node with the variable that is added.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return { ...rest, ELECTRON_RUN_AS_NODE: '1' };
}
