/** What the packaging script refuses: the wrong native file, a missing one, anything that does not belong. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dawnFiles, targetOf, TARGETS } from '../../../scripts/lib/dawn.mjs';
import { NODE_PACKAGES } from '../../../scripts/lib/nodes.mjs';
import { packageMistakes, UNIVERSAL } from '../../../scripts/lib/packages.mjs';

const root = join(import.meta.dirname, '../../..');
/** By path in dist. A Node is some 120 MB to fetch: Dawn's library, a file for the same system, stands in for it here. */
const native = new Map(
  ['linux-x64', 'darwin-arm64'].map((target) => {
    const dawn = [...dawnFiles(root, target)];
    const node: [string, Buffer][] = [
      [`node/${target}/node`, dawn[0]?.[1] ?? Buffer.alloc(0)],
      [`node/${target}/LICENSE`, Buffer.from('MIT')],
    ];
    return [
      target,
      new Map([...dawn.map(([name, file]): [string, Buffer] => [`dawn/${target}/${name}`, file]), ...node]),
    ];
  }),
);

/** The files of a VSIX as the script makes it, with changes. */
function vsix(target: string, changes: Record<string, Buffer | null> = {}): Map<string, { read(): Buffer }> {
  const platform = target === UNIVERSAL ? '' : ` TargetPlatform="${target}"`;
  const names = [
    ...[
      'package.json',
      'readme.md',
      'METRICS.md',
      'LICENSE.txt',
      'media/icon.png',
      'dist/extension.cjs',
      'dist/window.cjs',
      'dist/engine.mjs',
    ],
    ...[
      'dist/linalg-worker.mjs',
      'dist/cli.mjs',
      'dist/mcp.mjs',
      'dist/THIRD-PARTY-NOTICES.txt',
      'dist/webview/inspector.js',
    ],
    'dist/webview/comparison.js',
    'dist/webview/several.js',
  ];
  const content: [string, Buffer][] = [
    ['extension.vsixmanifest', Buffer.from(`<Identity Id="offaxis"${platform} />`)],
    ...names.map((name): [string, Buffer] => [`extension/${name}`, Buffer.from('x')]),
    ...[...(native.get(target) ?? [])].map(([name, bytes]): [string, Buffer] => [`extension/dist/${name}`, bytes]),
  ];
  const files = new Map(content);
  for (const [name, bytes] of Object.entries(changes)) {
    if (bytes) files.set(name, bytes);
    else files.delete(name);
  }
  return new Map([...files].map(([name, bytes]) => [name, { read: () => bytes }]));
}
const mistakes = (target: string, changes?: Record<string, Buffer | null>) =>
  packageMistakes(vsix(target, changes), target, native.get(target) ?? new Map<string, Buffer>());
const library = (target: string) => native.get(target)?.get(`dawn/${target}/dawn.node`) ?? Buffer.alloc(0);

describe('the native files of npm webgpu', () => {
  test.each(TARGETS)('%s has its own, and only Windows has DLLs beside it', (target) => {
    const files = dawnFiles(root, target);
    expect([...files.values()].map(targetOf)).toEqual([...files.keys()].map(() => target));
    expect(files.size > 1).toBe(target.startsWith('win32'));
  });

  test('anything else is for no system', () => {
    expect(targetOf(Buffer.alloc(4096))).toBeNull();
    expect(targetOf(Buffer.from('MZ'.padEnd(80, '\xff'), 'latin1'))).toBeNull();
  });
});

describe('a VSIX', () => {
  test.each([UNIVERSAL, 'linux-x64', 'darwin-arm64'])('%s as it is made is right', (target) => {
    expect(mistakes(target)).toEqual([]);
  });

  test("another system's library is refused", () => {
    const own = 'extension/dist/dawn/linux-x64/dawn.node';
    expect(mistakes('linux-x64', { [own]: library('darwin-arm64') }).join()).toContain('is not the file from npm');
    const other = 'extension/dist/dawn/darwin-arm64/dawn.node';
    expect(mistakes('linux-x64', { [other]: library('darwin-arm64') }).join()).toContain(
      `${other} is not of linux-x64`,
    );
  });

  test('a Node that is missing, or of another system, is refused', () => {
    const own = 'extension/dist/node/linux-x64/node';
    expect(mistakes('linux-x64', { [own]: null })).toEqual([`${own} is missing`]);
    expect(mistakes('linux-x64', { [own]: library('darwin-arm64') }).join()).toContain('is not the file from npm');
    expect(mistakes(UNIVERSAL, { [own]: library('linux-x64') }).join()).toContain('is not of universal');
    expect(TARGETS.filter((target) => !NODE_PACKAGES[target])).toEqual([]);
  });

  test('a missing library, and one where none belongs, are refused', () => {
    const own = 'extension/dist/dawn/linux-x64/dawn.node';
    expect(mistakes('linux-x64', { [own]: null })).toEqual([`${own} is missing`]);
    expect(mistakes(UNIVERSAL, { [own]: library('linux-x64') }).join()).toContain('is not of universal');
    const stray = 'extension/media/dawn.node';
    expect(mistakes('linux-x64', { [stray]: library('linux-x64') })).toEqual([`${stray} is a native file`]);
  });

  test('sources, tests, maps, a missing part and the wrong target are refused', () => {
    for (const name of ['src/extension.ts', 'test/unit/golden.ts', 'dist/engine.mjs.map', 'node_modules/lit/index.js'])
      expect(mistakes(UNIVERSAL, { [`extension/${name}`]: Buffer.from('x') })).toHaveLength(1);
    expect(mistakes(UNIVERSAL, { 'extension/dist/engine.mjs': null })).toHaveLength(1);
    expect(mistakes('linux-x64', { 'extension.vsixmanifest': Buffer.from('<Identity />') })).toHaveLength(1);
  });
});
