// Publishes the VSIX files to the Visual Studio Marketplace and Open VSX. usage: npm run publish -- [--dry-run] [--packaged]
// [--store marketplace|open-vsx]... [--target TARGET|universal|host]... `--dry-run` packages and checks all, and stops before the first
// upload; `--packaged` takes the files that lie in dist/. The access tokens stand in VSCE_PAT and OVSX_PAT.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/install.mjs';
import { publish, publishRequest, publishState } from './lib/publish.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (name) => readFileSync(join(root, name), 'utf8');
let request;
try {
  request = publishRequest(process.argv.slice(2));
} catch (error) {
  console.error(`publish: ${error.message}`);
  process.exit(2);
}
if (!request.packaged)
  run(process.execPath, ['scripts/package.mjs', ...request.targets.flatMap((target) => ['--target', target])], {
    cwd: root,
  });
const origin = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' });
const state = publishState(
  {
    root,
    manifest: JSON.parse(read('package.json')),
    changelog: read('CHANGELOG.md'),
    origin: origin.status === 0 ? origin.stdout.trim() : null,
    env: process.env,
  },
  request,
);
const upload = (program, args) => run(program, args, { cwd: root });
process.exitCode = publish(request, state, upload, (line) => console.log(line)) ? 0 : 1;
