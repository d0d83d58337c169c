/** Brings the VSIX into an extensions folder of its own, the way a user installs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hostTarget, vsixPath } from '../../../scripts/lib/packages.mjs';
import { ensureChromium, ensureCodeServer } from '../../../scripts/lib/tools.mjs';

/** What every test needs to start a VS Code: plain strings, so that vitest can hand it to its workers. */
export interface Installation {
  root: string;
  node: string;
  entry: string;
  chromium: string;
  /** holds the extensions folder, and a folder for every VS Code that is started */
  folder: string;
  extensions: string;
  /** servers that are up already, one for each worker of vitest */
  servers: readonly SharedServer[];
}

/** A server whose windows come one after the other. */
export interface SharedServer {
  url: string;
  pid: number;
  /** as of `startCodeServer` */
  folder: string;
}

export function installExtension(root: string, folder: string): Installation {
  const chromium = ensureChromium();
  const { node, entry } = ensureCodeServer(root);
  // OFFAXIS_VSIX names another one, say a released file.
  const vsix = process.env['OFFAXIS_VSIX'] ?? vsixPath(root, hostTarget());
  if (!existsSync(vsix)) throw new Error(`${vsix} is missing: run "npm run package" first.`);
  rmSync(folder, { recursive: true, force: true });
  const extensions = join(folder, 'extensions');
  mkdirSync(extensions, { recursive: true });
  const installed = spawnSync(
    node,
    [entry, '--install-extension', vsix, '--extensions-dir', extensions, '--user-data-dir', join(folder, 'installer')],
    { encoding: 'utf8' },
  );
  if (installed.status !== 0) throw new Error(`The VSIX did not install: ${installed.stdout}${installed.stderr}`);
  return { root, node, entry, chromium, folder, extensions, servers: [] };
}
