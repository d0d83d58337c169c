// @ts-check
// What publishing does, as steps: which program uploads which VSIX files to which store, and what has to be right before. Node built-ins only.
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { hostTarget, nativeFiles, packageMistakes, UNIVERSAL, vsixPath } from './packages.mjs';
import { TARGETS } from './dawn.mjs';
import { linksOf } from './repository.mjs';
import { readVsix } from './vsix.mjs';

/** npm's Open VSX client: fetched when it is used, as nothing else needs it. */
const OVSX = 'ovsx@1';

/**
 * @typedef {{ name: string, token: string, commands: (files: string[]) => { program: string, args: string[] }[] }} Store `token`: the
 * variable of the environment that holds the access token, which its program reads itself
 */

/** @type {Record<string, Store>} */
export const STORES = {
  marketplace: {
    name: 'Visual Studio Marketplace',
    token: 'VSCE_PAT',
    commands: (files) => [
      {
        program: process.execPath,
        args: ['node_modules/@vscode/vsce/vsce', 'publish', '--skip-duplicate', '--packagePath', ...files],
      },
    ],
  },
  'open-vsx': {
    name: 'Open VSX',
    token: 'OVSX_PAT',
    commands: (files) => [
      { program: 'npm', args: ['exec', '--yes', '--', OVSX, 'publish', '--skip-duplicate', '--packagePath', ...files] },
    ],
  },
};

/** @typedef {{ dryRun: boolean, packaged: boolean, stores: string[], targets: string[] }} Request */

/**
 * @param {string[]} args of the script
 * @returns {Request}
 */
export function publishRequest(args) {
  /** @type {Request} */
  const request = { dryRun: false, packaged: false, stores: [], targets: [] };
  const known = [...TARGETS, UNIVERSAL];
  for (let at = 0; at < args.length; at++) {
    const [option, joined] = /** @type {[string, string?]} */ ((args[at] ?? '').split('='));
    const value = () => joined ?? args[++at] ?? '';
    if (option === '--dry-run') request.dryRun = true;
    else if (option === '--packaged') request.packaged = true;
    else if (option === '--store') request.stores.push(oneOf(value(), Object.keys(STORES), 'store'));
    else if (option === '--target') {
      const target = value();
      request.targets.push(target === 'host' ? hostTarget() : oneOf(target, known, 'target'));
    } else throw new Error(`unknown argument "${option}"; there are --dry-run, --packaged, --store, --target`);
  }
  if (!request.stores.length) request.stores = Object.keys(STORES);
  if (!request.targets.length) request.targets = known;
  return request;
}

/**
 * @param {string} value
 * @param {string[]} known
 * @param {string} what
 */
function oneOf(value, known, what) {
  if (!known.includes(value)) throw new Error(`unknown ${what} "${value}"; there are ${known.join(', ')}`);
  return value;
}

/**
 * What keeps the packages of `targets` from being published: files that are missing or wrong, and what only the publisher can set right.
 * @param {{ root: string, manifest: Record<string, any>, changelog: string, origin: string | null, env: NodeJS.ProcessEnv }} state
 * `origin`: the address that git knows of the repository, null if none
 * @param {Request} request
 * @returns {{ files: string[], mistakes: string[], missing: string[] }} `mistakes`: of the packages; `missing`: tokens, the release's notes, and the address
 */
export function publishState({ root, manifest, changelog, origin, env }, { stores, targets }) {
  const mistakes = [];
  const files = [];
  const { page, fields, images } = linksOf(manifest.repository?.url ?? '');
  for (const [field, value] of Object.entries(fields)) {
    if (JSON.stringify(manifest[field]) !== JSON.stringify(value))
      mistakes.push(`package.json: "${field}" does not follow from the repository's address; run npm run repository`);
  }
  for (const target of targets) {
    const path = vsixPath(root, target);
    const name = relative(root, path);
    files.push(name);
    if (!existsSync(path)) {
      mistakes.push(`${name} is missing: run npm run package`);
      continue;
    }
    const vsix = readVsix(path);
    mistakes.push(...packageMistakes(vsix, target, nativeFiles(root, target)).map((mistake) => `${name}: ${mistake}`));
    const packed = JSON.parse(vsix.get('extension/package.json')?.read().toString('utf8') ?? '{}');
    if (packed.version !== manifest.version) mistakes.push(`${name} holds version ${packed.version}: package it again`);
    mistakes.push(
      ...imageMistakes(vsix.get('extension/readme.md')?.read().toString('utf8') ?? '', images).map(
        (m) => `${name}: ${m}`,
      ),
    );
  }
  const missing = stores.flatMap((id) => {
    const store = STORES[id];
    return store && !env[store.token] ? [`${store.token} is not set: the access token for ${store.name}`] : [];
  });
  if (!changelog.includes(`\n## ${manifest.version}`))
    missing.push(`CHANGELOG.md has no section "## ${manifest.version}": give the unreleased one that name`);
  if (origin === null || pageOf(origin) !== page)
    missing.push(
      `${page} is not this checkout's origin (${origin ?? 'it has none'}): npm run repository -- ADDRESS sets the address`,
    );
  return { files, mistakes, missing };
}

/** @param {string} address */
function pageOf(address) {
  try {
    return linksOf(address).page;
  } catch {
    return null;
  }
}

/**
 * Pictures of the README whose address leads nowhere on a store's page.
 * @param {string} readme
 * @param {string} images what their addresses begin with
 */
export function imageMistakes(readme, images) {
  const found = [...readme.matchAll(/!\[[^\]]*\]\(([^)\s]+)/g)].map((match) => match[1] ?? '');
  return found
    .filter((address) => !address.startsWith(`${images}/`))
    .map((address) => `its README shows ${address}, which is not an absolute address below ${images}`);
}

/**
 * Checks, and uploads unless it is a dry run. Nothing is uploaded to any store while anything is wrong.
 * @param {Request} request
 * @param {ReturnType<typeof publishState>} state
 * @param {(program: string, args: string[]) => void} upload throws if the program fails
 * @param {(line: string) => void} say
 * @returns {boolean} whether all is right
 */
export function publish({ dryRun, stores }, { files, mistakes, missing }, upload, say) {
  for (const line of mistakes) say(`wrong: ${line}`);
  for (const line of missing) say(`missing: ${line}`);
  if (mistakes.length || (missing.length && !dryRun)) {
    say('Nothing was uploaded.');
    return false;
  }
  for (const id of stores) {
    const store = STORES[id];
    if (!store) continue;
    say(`${store.name}: ${files.length} ${files.length === 1 ? 'package' : 'packages'}`);
    for (const { program, args } of store.commands(files)) {
      say(`  ${[program === process.execPath ? 'node' : program, ...args].join(' ')}`);
      if (!dryRun) upload(program, args);
    }
  }
  say(dryRun ? 'Dry run: nothing was uploaded.' : 'Published.');
  return true;
}
