// Makes the VSIX files in dist/, one for each target with its own build of Dawn and its own Node, and one for all other systems without,
// and checks what is in each. usage: node scripts/package.mjs [--target TARGET|universal]... (without: all of them)
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TARGETS } from './lib/dawn.mjs';
import { run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { UNIVERSAL, hostTarget, nativeFiles, packageMistakes, vsixPath } from './lib/packages.mjs';
import { linksOf } from './lib/repository.mjs';
import { readVsix } from './lib/vsix.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Folders of dist that hold what a package has for its system alone. */
const NATIVE = ['dawn', 'node'];

const targets = wanted(process.argv.slice(2));
run(process.execPath, ['scripts/build.mjs', '--production'], { cwd: root });
const rows = [];
try {
  for (const target of targets) {
    const vsix = vsixPath(root, target);
    const native = nativeFiles(root, target);
    stage(native);
    rmSync(vsix, { force: true });
    pack(target, vsix);
    const mistakes = packageMistakes(readVsix(vsix), target, native);
    if (mistakes.length) throw new Error(`${vsix}:\n  ${mistakes.join('\n  ')}`);
    rows.push({ target, vsix, native });
  }
} finally {
  // A checkout takes Dawn from node_modules.
  clear();
}
const megabytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
console.log('\n| VSIX | size | Dawn in it, unpacked | Node in it, unpacked |\n| --- | --- | --- | --- |');
for (const { vsix, native } of rows) {
  const of = (kind) => {
    const bytes = [...native].flatMap(([name, file]) => (name.startsWith(`${kind}/`) ? [file.length] : []));
    return bytes.length ? megabytes(bytes.reduce((sum, size) => sum + size, 0)) : 'none';
  };
  console.log(`| ${vsix.slice(root.length + 1)} | ${megabytes(statSync(vsix).size)} | ${of('dawn')} | ${of('node')} |`);
}

function wanted(args) {
  const known = [...TARGETS, UNIVERSAL];
  const named = [];
  for (let i = 0; i < args.length; i++) {
    const target = args[i] === '--target' ? args[++i] : args[i].replace(/^--target=/, '');
    const resolved = target === 'host' ? hostTarget() : target;
    if (!known.includes(resolved)) {
      console.error(`package: unknown target "${target}"; there are host, ${known.join(', ')}`);
      process.exit(2);
    }
    named.push(resolved);
  }
  return named.length ? named : known;
}

function stage(native) {
  clear();
  for (const [name, bytes] of native) {
    const path = join(root, 'dist', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes, { mode: 0o755 });
  }
}

function clear() {
  for (const name of NATIVE) rmSync(join(root, 'dist', name), { recursive: true, force: true });
}

function pack(target, vsix) {
  // No dependencies: all of them are bundled. A store's page shows the README elsewhere: its links and pictures get whole addresses.
  const { content, images } = linksOf(manifest.repository.url);
  const options = ['--no-dependencies', '--baseContentUrl', content, '--baseImagesUrl', images, '--out', vsix];
  if (target !== UNIVERSAL) options.push('--target', target);
  run(process.execPath, ['node_modules/@vscode/vsce/vsce', 'package', ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
