// @ts-check
// Dawn's native files for the packages: which belong to a target of VS Code's marketplace, and what processor a file is for.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The targets that Dawn has a build for; each gets a VSIX of its own. */
export const TARGETS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64', 'win32-arm64'];

/**
 * The native files of one target, as they lie in its VSIX under dist/dawn/TARGET/: Dawn, and on Windows the shader compilers it loads.
 * @param {string} root
 * @param {string} target
 * @returns {Map<string, Buffer>} by file name
 */
export function dawnFiles(root, target) {
  const [platform] = target.split('-');
  const apple = platform === 'darwin';
  const folder = join(root, 'node_modules', 'webgpu', 'dist', apple ? 'darwin-universal' : target);
  const names = readdirSync(folder).filter((name) => name === 'dawn.node' || name.endsWith('.dll'));
  /** @type {Map<string, Buffer>} */
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const library = files.get('dawn.node');
  if (!library) throw new Error(`${folder} has no dawn.node`);
  if (apple) files.set('dawn.node', appleSlice(library, target));
  for (const [name, bytes] of files) {
    const found = targetOf(bytes);
    if (found !== target)
      throw new Error(`${join(folder, name)} is for ${found ?? 'an unknown system'}, not ${target}`);
  }
  return files;
}

const FAT_MAGIC = 0xcafebabe;
const ELF_PROCESSORS = new Map([
  [0x3e, 'x64'],
  [0xb7, 'arm64'],
]);
const PE_PROCESSORS = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
]);
const MACHO_PROCESSORS = new Map([
  [0x0100_0007, 'x64'],
  [0x0100_000c, 'arm64'],
]);

/**
 * One processor's part of a universal binary, with its signature, as `lipo -thin` cuts it: half the size.
 * @param {Buffer} universal
 * @param {string} target
 */
function appleSlice(universal, target) {
  if (universal.readUInt32BE(0) !== FAT_MAGIC) return universal;
  for (let i = 0; i < universal.readUInt32BE(4); i++) {
    const header = 8 + 20 * i;
    const processor = MACHO_PROCESSORS.get(universal.readUInt32BE(header));
    const [offset, size] = [universal.readUInt32BE(header + 8), universal.readUInt32BE(header + 12)];
    if (`darwin-${processor}` === target) return universal.subarray(offset, offset + size);
  }
  throw new Error(`the universal dawn.node has no part for ${target}`);
}

/**
 * The target a native file is for, by its header (ELF, Mach-O 64, PE).
 * @param {Buffer} bytes
 * @returns {string | null}
 */
export function targetOf(bytes) {
  /** @type {(platform: string, processor: string | undefined) => string | null} */
  const named = (platform, processor) => (processor ? `${platform}-${processor}` : null);
  if (bytes.length < 0x40) return null;
  if (bytes.readUInt32BE(0) === 0x7f454c46) return named('linux', ELF_PROCESSORS.get(bytes.readUInt16LE(18)));
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return named('darwin', MACHO_PROCESSORS.get(bytes.readUInt32LE(4)));
  if (bytes.toString('latin1', 0, 2) === 'MZ') {
    const header = bytes.readUInt32LE(0x3c);
    if (header + 6 > bytes.length || bytes.toString('latin1', header, header + 4) !== 'PE\0\0') return null;
    return named('win32', PE_PROCESSORS.get(bytes.readUInt16LE(header + 4)));
  }
  return null;
}
