import { expect, test } from 'vitest';
import { modulesOf } from '../../../src/analysis/modules.ts';
import type { Checkpoint } from '../../../src/checkpoint/index.ts';
import { row } from '../checkpoint/folder.ts';
import { growth } from '../growth.ts';

/** Only its rows are looked at. */
const checkpoint = (count: number, module: (i: number) => string): Checkpoint => {
  const names = Array.from({ length: count }, (_, i) => `model.layers.${i % 60}.${module(i)}.weight`);
  return { tensors: new Map(names.map((name) => [name, row(name, [4, 4])])) } as unknown as Checkpoint;
};

test('tensors are grouped by module, type and shape, with the layers that have them', () => {
  const { groups, total } = modulesOf(
    checkpoint(120, (i) => (i < 60 ? 'self_attn.q_proj' : 'mlp.up_proj')),
    null,
    10,
  );
  expect(total).toBe(2);
  expect(groups.map(({ module, tensors }) => [module, tensors])).toEqual([
    ['self_attn.q_proj', 60],
    ['mlp.up_proj', 60],
  ]);
  expect(groups[0]?.layers).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(
    modulesOf(
      checkpoint(120, (i) => (i < 60 ? 'self_attn.q_proj' : 'mlp.up_proj')),
      '*up_proj*',
      10,
    ).total,
  ).toBe(1);
});

test('200,000 tensors of one module, and 100,000 modules, take work in proportion', async () => {
  const modules = async (small: number, large: number, module: (i: number) => string): Promise<number> => {
    const checkpoints = new Map([small, large].map((count) => [count, checkpoint(count, module)]));
    return growth((count) => modulesOf(checkpoints.get(count) ?? checkpoint(0, module), null, 100), small, large, 24);
  };
  // 8 if linear; 64 as it once was, when 72,000 took 75 s
  expect(await modules(25_000, 200_000, (i) => `mlp.experts.${i}.up_proj`)).toBeLessThan(24);
  expect(await modules(12_500, 100_000, (i) => `module${i}`)).toBeLessThan(24);
  expect(
    modulesOf(
      checkpoint(1000, (i) => `module${i}`),
      null,
      100,
    ),
  ).toMatchObject({ total: 1000 });
  expect(
    modulesOf(
      checkpoint(1000, (i) => `module${i}`),
      null,
      100,
    ).groups,
  ).toHaveLength(100);
});
