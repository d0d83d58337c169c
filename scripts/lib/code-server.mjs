// @ts-check
// Starts and ends a code-server of our own. Node built-ins only.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Quiet, offline settings: nothing may ask, fetch or cover the editor. */
export const SETTINGS = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'git.enabled': false,
};

/**
 * A port of the loopback interface that is free now.
 * @returns {Promise<number>}
 */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Where a server that was started with this folder keeps what it knows of its user.
 * @param {string} folder
 */
export const userDataOf = (folder) => join(folder, 'user-data');

/**
 * The settings of the windows that open from now on, over the quiet ones.
 * @param {string} folder
 * @param {Record<string, unknown>} settings
 */
export function writeSettings(folder, settings) {
  const write = (/** @type {string} */ scope, /** @type {Record<string, unknown>} */ values) => {
    mkdirSync(join(userDataOf(folder), scope), { recursive: true });
    writeFileSync(join(userDataOf(folder), scope, 'settings.json'), JSON.stringify(values, null, 2));
  };
  write('User', { ...SETTINGS, ...settings });
  // Settings of the scope "machine" are read from here in a window whose extensions run on a server.
  write('Machine', settings);
}

/**
 * @typedef {{ url: string, pid: number, log: string, exited: Promise<number | null>, stop(): Promise<void> }} CodeServer
 */

/**
 * @param {{
 *   tools: { node: string, entry: string }, folder: string, workspace: string, extensions: string,
 *   settings?: Record<string, unknown>, password?: string, trust?: boolean, env?: Record<string, string>,
 * }} options `folder` gets the user data and the log; `trust`: ask whether the workspace is trusted
 * @returns {Promise<CodeServer>}
 */
export async function startCodeServer({
  tools,
  folder,
  workspace,
  extensions,
  settings = {},
  password,
  trust = false,
  env = {},
}) {
  const userData = userDataOf(folder);
  mkdirSync(extensions, { recursive: true });
  writeSettings(folder, settings);
  const config = join(folder, 'code-server.yaml');
  writeFileSync(config, '');
  const log = join(folder, 'code-server.log');
  const port = await freePort();
  const child = spawn(
    tools.node,
    [
      tools.entry,
      ...['--auth', password ? 'password' : 'none', '--bind-addr', `127.0.0.1:${port}`, '--config', config],
      ...['--user-data-dir', userData, '--extensions-dir', extensions],
      ...[
        '--disable-telemetry',
        '--disable-update-check',
        ...(trust ? [] : ['--disable-workspace-trust']),
        '--disable-getting-started-override',
      ],
      workspace,
    ],
    {
      env: { ...withoutVsCode(process.env), ...(password ? { PASSWORD: password } : {}), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group: ending the group ends the extension hosts and our engine too.
      detached: true,
    },
  );
  const output = createWriteStream(log);
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  /** @type {Promise<number | null>} */
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      signalGroup(child.pid, 'SIGTERM');
      const late = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5000);
      await exited;
      clearTimeout(late);
    }
    // What a crashed server may have left behind in its group.
    signalGroup(child.pid, 'SIGKILL');
    output.end();
  };
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + 60_000; ;) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`code-server did not start; its log is ${log}`);
    }
    try {
      if ((await fetch(`${url}/healthz`)).ok) break;
    } catch {
      // not listening yet
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url, pid: /** @type {number} */ (child.pid), log, exited, stop };
}

/**
 * A server started from a terminal inside VS Code must not talk to that VS Code.
 * @param {NodeJS.ProcessEnv} env
 */
function withoutVsCode(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|PORT$|PASSWORD$)/.test(name)),
  );
}

/**
 * @param {number | undefined} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}
