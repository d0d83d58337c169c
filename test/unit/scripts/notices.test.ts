import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thirdPartyNotices } from '../../../scripts/lib/notices.mjs';

const root = join(import.meta.dirname, '../../..');

test('the notices cover what is bundled, the kernels’ runtime and what Dawn is made of', () => {
  const text = thirdPartyNotices(root, [
    {
      inputs: { 'node_modules/lit/index.js': {}, 'node_modules/@vscode/codicons/dist/codicon.css': {}, 'src/a.ts': {} },
    },
  ]);
  const titles = text.split(/\n-{80}\n\n/).map((section) => section.split('\n')[0]);
  expect(titles.filter((title) => /^(lit|@vscode\/codicons|assemblyscript|webgpu) /.test(title ?? ''))).toHaveLength(4);
  for (const part of ['Abseil', 'SPIRV-Tools', 'SPIRV-Headers', 'node-addon-api', 'DirectX Shader Compiler'])
    expect(titles.some((title) => title?.startsWith(part))).toBe(true);
  // the texts themselves: Dawn's BSD licence, Creative Commons for the icons beside MIT for their code, Apache's in full
  expect(text).toContain('The Dawn & Tint Authors');
  expect(text).toContain('Attribution 4.0 International');
  expect(text).toContain('END OF TERMS AND CONDITIONS');
  expect(text).not.toMatch(/undefined|\uFEFF/);
});
