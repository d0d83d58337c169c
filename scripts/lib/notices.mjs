// @ts-check
// Writes the licences of everything that ships and is not ours into one file.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What Dawn's native file is made of, found in its symbols and source paths (npm webgpu 0.6.2), with the licence each project states.
 * Look again when that package is updated. Texts of the licences: Apache's as npm's assemblyscript ships it, the others in scripts/notices.
 */
const IN_DAWN = [
  {
    name: 'Abseil',
    copyright: 'Copyright 2017 The Abseil Authors.',
    licence: 'Apache-2.0',
  },
  {
    name: 'SPIRV-Tools',
    copyright: 'Copyright (c) 2015-2016 The Khronos Group Inc.',
    licence: 'Apache-2.0',
  },
  {
    name: 'SPIRV-Headers',
    copyright: 'Copyright (c) 2015-2024 The Khronos Group Inc.',
    licence: 'Khronos',
  },
  {
    name: 'Vulkan-Headers and Vulkan-Utility-Libraries',
    copyright: 'Copyright 2015-2023 The Khronos Group Inc.',
    licence: 'Apache-2.0',
  },
  {
    name: 'OpenGL and EGL registry headers',
    copyright: 'Copyright (c) 2013-2020 The Khronos Group Inc.',
    licence: 'Apache-2.0',
  },
  { name: 'node-addon-api', copyright: 'Copyright (c) 2017 Node.js API collaborators', licence: 'MIT' },
  { name: 'node-api-headers', copyright: 'Copyright (c) 2021 Node.js', licence: 'MIT' },
  {
    name: 'WebGPU specification (its interface definitions)',
    copyright:
      'This software includes material copied from or derived from WebGPU, https://www.w3.org/TR/webgpu/.\n' +
      'Copyright (c) World Wide Web Consortium. https://www.w3.org/copyright/software-license-2023/',
    licence: 'W3C',
  },
];
/** @type {Record<string, string>} */
const TEXTS = {
  'Apache-2.0': 'node_modules/assemblyscript/LICENSE',
  Khronos: 'scripts/notices/khronos.txt',
  MIT: 'scripts/notices/mit.txt',
  W3C: 'scripts/notices/w3c.txt',
};
/** @param {string} licence */
function textOf(licence) {
  const path = TEXTS[licence];
  if (path === undefined) throw new Error(`There is no text of the licence ${licence}.`);
  return path;
}
const LICENCE_FILE = /^(licen[cs]e|notice)([-.].*)?$/i;
const RULE = `\n${'-'.repeat(80)}\n\n`;

/**
 * @param {string} root
 * @param {{ inputs: Record<string, unknown> }[]} metafiles esbuild's, of every bundle
 * @returns {string} the text of dist/THIRD-PARTY-NOTICES.txt
 */
export function thirdPartyNotices(root, metafiles) {
  /** @param {string} path */
  const text = (path) =>
    readFileSync(join(root, path), 'utf8')
      .replace(/^\uFEFF/, '')
      .trim();
  /** @type {(title: string, ...parts: string[]) => string} */
  const section = (title, ...parts) => `${[title, ...parts].join('\n\n')}\n`;
  /** @type {(name: string, note?: string, licence?: string) => string} */
  const npm = (name, note = '', licence) => {
    const folder = join('node_modules', name);
    const manifest = JSON.parse(text(join(folder, 'package.json')));
    const files = readdirSync(join(root, folder))
      .filter((file) => LICENCE_FILE.test(file))
      .sort();
    const texts = files.length ? files.map((file) => text(join(folder, file))) : [`Licence: ${manifest.license}`];
    return section(`${name} ${manifest.version} (${licence ?? manifest.license})${note}`, ...texts);
  };
  const bundled = new Set(
    metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
      .filter((name) => name !== undefined)
      .filter((name) => name !== 'webgpu'),
  );
  // Its font is a copy in media/, which esbuild does not see as the package's.
  bundled.add('@vscode/codicons');
  const dxc = 'node_modules/webgpu/dist/win32-x64/dxcompiler-';
  const sections = [
    'Offaxis contains the following third-party software.\n',
    ...[...bundled].sort().map((name) => npm(name)),
    npm('assemblyscript', ': its standard library, compiled into the WebAssembly kernels'),
    // The package's own MIT is for its JavaScript, which does not ship.
    npm('webgpu', ': Dawn, the native WebGPU, in the packages for one platform', 'BSD-3-Clause'),
    ...IN_DAWN.map(({ name, copyright, licence }) =>
      section(
        `${name} (${licence}), part of Dawn`,
        copyright,
        licence === 'Apache-2.0' ? `${APACHE}` : text(textOf(licence)),
      ),
    ),
    section(
      'DirectX Shader Compiler (NCSA), beside Dawn in the packages for Windows: dxcompiler.dll',
      text(`${dxc}LICENSE.TXT`),
      text(`${dxc}ThirdPartyNotices.txt`),
    ),
    section(
      'Microsoft Direct3D HLSL Compiler, beside Dawn in the packages for Windows: d3dcompiler_47.dll',
      'Copyright (c) Microsoft Corporation. All rights reserved. Distributable code of the Windows SDK, unchanged, under its licence terms.',
    ),
    section('Apache License 2.0, for the parts above that name it', text(textOf('Apache-2.0'))),
  ];
  return sections.join(RULE);
}
const APACHE = 'Licensed under the Apache License, Version 2.0; its text is at the end of this file.';

/**
 * Writes it to `file`.
 * @param {string} root
 * @param {{ inputs: Record<string, unknown> }[]} metafiles
 * @param {string} file
 */
export function writeNotices(root, metafiles, file) {
  writeFileSync(join(root, file), thirdPartyNotices(root, metafiles));
}
