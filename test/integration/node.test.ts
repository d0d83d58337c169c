/** The Node that the platform's VSIX brings for desktop VS Code: as VS Code unpacked it, with no other Node on the PATH. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { hostTarget, UNIVERSAL } from '../../scripts/lib/packages.mjs';
import { packagedNode } from '../../src/engine/runtime.ts';

test('runs the engine on the GPU', { timeout: 300_000 }, () => {
  expect(hostTarget(), 'a platform without a Node of its own').not.toBe(UNIVERSAL);
  const { extensions } = inject('installation');
  const folder = readdirSync(extensions).find((name) => name.startsWith('offaxis.offaxis-')) ?? '';
  const dist = join(extensions, folder, 'dist');
  const env = { ...process.env, PATH: '/nowhere' };
  const run = (...argv: string[]): string =>
    execFileSync(packagedNode(dist), argv, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(run('--version')).toMatch(/^v2\d/);
  const cli = join(dist, 'cli.mjs');
  expect(JSON.parse(run(cli, 'gpu', '--backend', 'gpu', '--json', '-'))).toMatchObject({ probe: { ok: true } });
  const samples = join(extensions, folder, 'media', 'samples');
  const matrices = '--tensors=*.0.self_attn.*_proj.weight';
  const result = JSON.parse(
    run(cli, 'compare', join(samples, 'base'), join(samples, 'rl'), '--backend', 'gpu', matrices, '--json', '-'),
  ) as { backend: { kind: string }; tensors: unknown[] };
  expect(result.backend.kind).toBe('gpu');
  expect(result.tensors).toHaveLength(4);
});
