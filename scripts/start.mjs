// npm start: installs what is missing, builds, and opens VS Code on the sample family with the extension loaded. Ctrl+C ends all of it.
// Desktop VS Code if `code` is on the PATH, else code-server at a loopback address (OFFAXIS_START=server forces that). --built takes dist/
// as it is.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SETTINGS, startCodeServer } from './lib/code-server.mjs';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { ensureCodeServer } from './lib/tools.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const samples = join(root, 'media', 'samples');

function desktopCode() {
  const headless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (process.env.OFFAXIS_START === 'server' || headless) return false;
  return spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;
}

/** Resolves at Ctrl+C or when the terminal goes. */
function interrupted() {
  return new Promise((resolve) => {
    // Not once: a second Ctrl+C may not cut short the end that the first one began.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(null));
  });
}

async function startDesktop(folder) {
  // User data of its own, so that Ctrl+C can end this window without touching the user's other ones.
  const userData = join(folder, 'user-data');
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(join(userData, 'User', 'settings.json'), JSON.stringify(SETTINGS, null, 2));
  const options = [
    '--wait',
    '--new-window',
    '--user-data-dir',
    userData,
    '--extensions-dir',
    join(folder, 'extensions'),
  ];
  const child = spawn('code', [...options, `--extensionDevelopmentPath=${root}`, samples], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  console.log('\nVS Code opens on the sample family. Double-click base/model.safetensors, or run');
  console.log('"Offaxis: Open Sample Comparison" from the command palette. Ctrl+C here ends it.');
  const stop = interrupted();
  await Promise.race([stop, new Promise((resolve) => child.once('exit', resolve))]);
  try {
    // VS Code writes the pid of its main process there.
    process.kill(Number(readFileSync(join(userData, 'code.lock'), 'utf8')));
  } catch {
    // the window is closed already
  }
  child.kill();
}

async function startServer(folder) {
  const tools = ensureCodeServer(root);
  const { name, publisher, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const extensions = join(folder, 'extensions');
  mkdirSync(extensions, { recursive: true });
  symlinkSync(root, join(extensions, `${publisher}.${name}-${version}`));
  const password = randomBytes(12).toString('hex');
  const server = await startCodeServer({ tools, folder, workspace: samples, extensions, password });
  console.log(`\nVS Code:   ${server.url}/?folder=${encodeURI(samples)}`);
  console.log(`Password:  ${password}`);
  console.log('\nOpen the address in a browser. Double-click base/model.safetensors in the explorer, or run');
  console.log('"Offaxis: Open Sample Comparison" from the command palette (F1). Ctrl+C ends it.');
  await Promise.race([interrupted(), server.exited]);
  await server.stop();
}

await onRecentNode(root);
installDependencies(root);
if (!process.argv.includes('--built')) run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), 'offaxis-start-'));
try {
  await (desktopCode() ? startDesktop(folder) : startServer(folder));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
