// The Node that the scripts run on. Node built-ins only: runs before anything is installed.
import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { ensureNode } from './tools.mjs';

/** The oldest Node that still gets fixes; VS Code 1.101 brings it, and package.json asks for it. */
export const OLDEST_NODE = 22;

/**
 * Returns at once on a Node that is new enough. On an older one it runs the script again, with the same arguments, under the Node that
 * comes from npm, which is also the first on its PATH then, and ends this process as that one ended: it doesn't return.
 * @param {string} root
 */
export async function onRecentNode(root) {
  if (majorOf(process.versions.node) >= OLDEST_NODE) return;
  let node;
  try {
    node = ensureNode(root);
  } catch (error) {
    console.error(`Offaxis needs Node ${OLDEST_NODE} or newer; this is ${process.version}. ${error.message}`);
    process.exit(2);
  }
  const child = spawn(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
  });
  // Ctrl+C reaches both of us; a signal to this process alone is passed on. Either way the script decides when it is done.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  if (signal) console.error(`"${process.argv.slice(1).join(' ')}" ended with ${signal}`);
  process.exit(code ?? 1);
}

/** @param {string} version like 22.4.0 */
function majorOf(version) {
  return Number(version.split('.')[0]);
}
