// @ts-check
// A software adapter for the GPU tests: the same WebGPU on every machine, with or without a graphics card. Node built-ins only.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium, toolsFolder } from './tools.mjs';
import { run } from './install.mjs';

const PROBE = join(dirname(fileURLToPath(import.meta.url)), 'gpu-probe.mjs');
/** A driver that has not answered by then hangs. A cold SwiftShader on a busy machine takes seconds. */
const PROBE_TIMEOUT_MS = 120_000;
const SYSTEM_ICDS = '/usr/share/vulkan/icd.d';
const CHROMIUM_FOLDERS = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
];
/** Dawn refuses the lavapipe of these (Mesa 22.3); their backports have one that works (Mesa 25). */
const BACKPORTS = new Map([['bookworm', 'bookworm-backports']]);

/**
 * @typedef {{ name: string, env: Record<string, string> }} SoftwareGpu `env` is what a process needs from its start to find the adapter
 */

/** @typedef {{ system: boolean, lavapipe: boolean, log: (line: string) => void }} Options */
/** @typedef {{ title: string, env: () => Record<string, string> }} Candidate */

/** @param {string} root */
const folderOf = (root) => join(toolsFolder(root), 'software-gpu');
/** @param {string} root */
const recordOf = (root) => join(folderOf(root), 'adapter.json');

/**
 * The adapter that `ensureSoftwareGpu` found last, without asking it again: for test runs that are started by hand.
 * @param {string} root
 * @returns {SoftwareGpu | null}
 */
export function knownSoftwareGpu(root) {
  try {
    const known = JSON.parse(readFileSync(recordOf(root), 'utf8'));
    return existsSync(known.env.VK_ICD_FILENAMES ?? recordOf(root)) ? known : null;
  } catch {
    return null;
  }
}

/**
 * Finds or fetches a software adapter on which Dawn works and data come back: the one that VK_ICD_FILENAMES names; Mesa's lavapipe of
 * this system; the same from Debian, unpacked into the tools folder (neither root nor a change to the system is needed); SwiftShader,
 * which comes with Chromium and is about five times slower. On macOS and Windows the machine's own adapter is taken.
 * Every one is tried in a process of its own before it is trusted.
 * @param {string} root
 * @param {Partial<Options>} [options] `system: false` leaves out what the system
 *   has, `lavapipe: false` lavapipe: to try the other ways
 * @returns {SoftwareGpu} throws with what to install if there is none
 */
export function ensureSoftwareGpu(root, { system = true, lavapipe = true, log = console.log } = {}) {
  const folder = folderOf(root);
  mkdirSync(folder, { recursive: true });
  const failures = [];
  for (const candidate of candidates(folder, { system, lavapipe, log })) {
    const tried = attempt(candidate, join(folder, 'shader-cache'));
    if ('error' in tried) {
      failures.push(`${candidate.title}: ${tried.error}`);
      continue;
    }
    writeFileSync(recordOf(root), `${JSON.stringify(tried, null, 2)}\n`);
    log(`GPU tests run on ${tried.name} (${candidate.title})`);
    return tried;
  }
  throw new Error(
    'The GPU tests need a software Vulkan adapter. Install Mesa 23 or newer (Debian: mesa-vulkan-drivers and libvulkan1, on Debian 12 ' +
      'from bookworm-backports), or Chromium, which brings SwiftShader, or name a driver file in VK_ICD_FILENAMES. Tried: ' +
      (failures.join('; ') || 'nothing found'),
  );
}

/**
 * In the order of preference; `env` prepares what the candidate needs and may throw, which counts as not there.
 * @param {string} folder
 * @param {Options} options
 * @returns {Generator<Candidate, void, undefined>}
 */
function* candidates(folder, { system, lavapipe, log }) {
  const named = process.env.VK_ICD_FILENAMES;
  if (named && system) yield { title: `VK_ICD_FILENAMES=${named}`, env: () => ({ VK_ICD_FILENAMES: named }) };
  if (process.platform !== 'linux') {
    yield { title: "the machine's own adapter", env: () => ({}) };
    return;
  }
  if (system && lavapipe) {
    for (const icd of lavapipeIcds(SYSTEM_ICDS)) yield { title: icd, env: () => ({ VK_ICD_FILENAMES: icd }) };
  }
  if (lavapipe) yield { title: 'lavapipe from Debian, in the tools folder', env: () => unpackedLavapipe(folder, log) };
  yield { title: 'SwiftShader of Chromium', env: () => swiftShader(folder, true) };
  if (!chromiumFolder()) return;
  yield { title: "SwiftShader of Chromium with Chromium's loader", env: () => swiftShader(folder, false) };
}

/**
 * @param {Candidate} candidate
 * @param {string} shaderCache
 * @returns {SoftwareGpu | { error: string }}
 */
function attempt({ title, env }, shaderCache) {
  try {
    return probe({ ...env(), MESA_SHADER_CACHE_DIR: shaderCache }, title);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * @param {Record<string, string>} env
 * @param {string} title
 * @returns {SoftwareGpu | { error: string }}
 */
function probe(env, title) {
  const result = spawnSync(process.execPath, [PROBE], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
  });
  if (result.status === 0) return { name: JSON.parse(result.stdout).name || title, env };
  const reason = /^\w*Error: (.*)$/m.exec(result.stderr ?? '')?.[1];
  return { error: reason ?? `the probe ended with ${result.signal ?? result.status}` };
}

/** @param {string} folder */
function lavapipeIcds(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^lvp_icd.*\.json$/.test(name))
    .map((name) => join(folder, name));
}

/**
 * A driver file that names its library by an absolute path, so that the loader finds it wherever it lies.
 * @param {string} path
 * @param {string} library
 * @param {string} version
 */
function writeIcd(path, library, version) {
  writeFileSync(
    path,
    JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: version } }),
  );
  return path;
}

/** @param {string} folder */
const withLibraries = (folder) => [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);

/**
 * Debian's lavapipe with what it needs and this system lacks, below `folder`; fetched once (about 50 MB, 230 MB unpacked).
 * @param {string} folder
 * @param {Options['log']} log
 */
function unpackedLavapipe(folder, log) {
  const unpacked = join(folder, 'lavapipe');
  if (!existsSync(unpacked)) {
    const work = mkdtempSync(join(folder, 'fetching-'));
    try {
      renameSync(fetchLavapipe(work, log), unpacked);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const [icd] = lavapipeIcds(join(unpacked, SYSTEM_ICDS));
  if (!icd) throw new Error(`${unpacked} has no lavapipe; remove that folder to fetch it anew`);
  const { ICD } = JSON.parse(readFileSync(icd, 'utf8'));
  const libraries = join(unpacked, 'usr', 'lib');
  const triplet = readdirSync(libraries).find((name) => existsSync(join(libraries, name, 'libvulkan_lvp.so')));
  if (!triplet) throw new Error(`${unpacked} has no libvulkan_lvp.so; remove that folder to fetch it anew`);
  const library = join(libraries, triplet, 'libvulkan_lvp.so');
  return {
    VK_ICD_FILENAMES: writeIcd(join(folder, 'lavapipe_icd.json'), library, ICD.api_version),
    LD_LIBRARY_PATH: withLibraries(dirname(library)),
  };
}

/**
 * Has apt work out, from package lists of its own, what Mesa's Vulkan drivers need beyond what is installed, and unpacks those packages.
 * Neither apt's sources nor its lists nor the installed packages of the system change.
 * @param {string} work
 * @param {Options['log']} log
 * @returns {string} the folder they are unpacked in
 */
function fetchLavapipe(work, log) {
  const release = Object.fromEntries(
    readFileSync('/etc/os-release', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, name, value] = /^(\w+)="?(.*?)"?$/.exec(line) ?? [];
        return name === undefined || value === undefined ? [] : [[name, value]];
      }),
  );
  if (release.ID !== 'debian' || !existsSync('/usr/bin/apt-get')) throw new Error('not on Debian');
  const suite = release.VERSION_CODENAME ?? '';
  const backports = BACKPORTS.get(suite);
  log('Fetching lavapipe, the software Vulkan driver, with apt-get into the tools folder');
  const { mirror, options } = ownMirror(suite);
  const lines = [suite, backports].filter(Boolean).map((name) => `deb ${options}${mirror} ${name} main\n`);
  writeFileSync(join(work, 'sources.list'), lines.join(''));
  for (const part of ['lists/partial', 'cache/archives/partial', 'parts'])
    mkdirSync(join(work, part), { recursive: true });
  const own = Object.entries({
    'Dir::Etc::SourceList': join(work, 'sources.list'),
    'Dir::Etc::SourceParts': join(work, 'parts'),
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  /** @type {{ stdio: import('node:child_process').StdioOptions }} */
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
  /** @param {string[]} args */
  const apt = (...args) => {
    if (spawnSync('apt-get', [...own, ...args], quiet).status !== 0) throw new Error(`apt-get could not fetch it`);
  };
  apt('update', '-qq');
  const target = backports ? ['-t', backports] : [];
  apt('install', '-qq', '-y', '--download-only', '--reinstall', ...target, 'mesa-vulkan-drivers', 'libvulkan1');
  const unpacked = join(work, 'unpacked');
  const archives = join(work, 'cache', 'archives');
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    run('dpkg-deb', ['--extract', join(archives, archive), unpacked], quiet);
  return unpacked;
}

const chromiumFolder = () => CHROMIUM_FOLDERS.find((path) => existsSync(join(path, 'libvk_swiftshader.so')));

/**
 * Where this system takes its release from, and the keyring that its sources name for that.
 * @param {string} suite
 */
function ownMirror(suite) {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const listed = spawnSync('apt-get', ['indextargets', '--format', format, 'Identifier: Packages'], {
    encoding: 'utf8',
  });
  const [mirror] =
    (listed.stdout ?? '')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, release, component]) => release === suite && component === 'main') ?? [];
  if (!mirror) throw new Error(`apt's sources name no mirror of ${suite}`);
  const parts = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
  ];
  const stanzas = files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split(file.endsWith('.sources') ? /\n\s*\n/ : '\n'));
  const keyring = stanzas
    .filter((stanza) => stanza.includes(mirror.replace(/\/$/, '')))
    .map((stanza) => /signed-by\s*[:=]\s*(\/[^\s\]]+)/i.exec(stanza)?.[1])
    .find((path) => path !== undefined);
  return { mirror, options: keyring ? `[signed-by=${keyring}] ` : '' };
}

/**
 * SwiftShader beside Chromium; `loader`: with the Vulkan loader of the system, else with the one that lies there too.
 * @param {string} folder
 * @param {boolean} loader
 */
function swiftShader(folder, loader) {
  if (!chromiumFolder()) ensureChromium();
  const from = chromiumFolder();
  if (!from) throw new Error('this Chromium comes without libvk_swiftshader.so');
  const icd = writeIcd(join(folder, 'swiftshader_icd.json'), join(from, 'libvk_swiftshader.so'), '1.0.5');
  if (loader) return { VK_ICD_FILENAMES: icd };
  const libraries = join(folder, 'loader');
  mkdirSync(libraries, { recursive: true });
  rmSync(join(libraries, 'libvulkan.so.1'), { force: true });
  symlinkSync(join(from, 'libvulkan.so.1'), join(libraries, 'libvulkan.so.1'));
  return { VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: withLibraries(libraries) };
}
