// Makes dist/offaxis-VERSION.vsix: one for all platforms, everything bundled. usage: node scripts/package.mjs
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/install.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const vsix = join('dist', `${name}-${version}.vsix`);

run(process.execPath, ['scripts/build.mjs', '--production'], { cwd: root });
run(
  process.execPath,
  // No dependencies: all of them are bundled. No rewriting of links: there is no public repository to point them at yet.
  [
    ...['node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--no-rewrite-relative-links'],
    ...['--allow-missing-repository', '--out', vsix],
  ],
  { cwd: root },
);
console.log(`${vsix}  ${(statSync(join(root, vsix)).size / 1024 / 1024).toFixed(1)} MB`);
