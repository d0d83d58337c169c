import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileHover, tensorHover, type HoverContext } from '../../../src/hover/content.ts';
import { alignmentFigures } from '../../../src/hover/figures.ts';
import type { KnownCheckpoint, KnownComparison } from '../../../src/hover/known.ts';
import { plain } from '../../../src/hover/markdown.ts';
import { matchName } from '../../../src/hover/match.ts';
import { inspectCheckpoint, compareCheckpoints } from './results.ts';

const samples = join(import.meta.dirname, '../../../media/samples');
const TENSOR = 'model.layers.3.self_attn.v_proj.weight';

const { facts, statistics, spectra } = await inspectCheckpoint(join(samples, 'base'), [TENSOR]);
const { plan, tensors, details } = await compareCheckpoints(
  join(samples, 'base'),
  join(samples, 'rl'),
  '*layers.3.*v_proj*',
);
const checkpoint: KnownCheckpoint = { path: facts.path, facts, statistics, spectra };
const comparison: KnownComparison = {
  base: facts.path,
  tuned: join(samples, 'rl', 'model.safetensors'),
  baseName: 'base',
  tunedName: 'r[l]',
  plan,
  tensors,
  details,
};
const context = (known: Partial<Record<'checkpoints' | 'comparisons', boolean>>): HoverContext => ({
  l10n: {
    t: (message, ...args) => message.replace(/\{(\d)\}/g, (whole, i: string) => String(args[Number(i)] ?? whole)),
  },
  known: {
    checkpoints: () => (known.checkpoints ? [checkpoint] : []),
    comparisons: () => (known.comparisons ? [comparison] : []),
  },
  ink: { line: '#fff', quiet: '#888' },
});
const hover = (known: Parameters<typeof context>[0], name = TENSOR): string => {
  const match = matchName(facts.tensors, name);
  if (!match) throw new Error(`${name} is not matched`);
  return tensorHover(facts, match, context(known));
};

describe('tensorHover', () => {
  it('says what the header says, and nothing that is not computed', () => {
    const text = hover({});
    expect(text).toContain(plain(TENSOR));
    expect(text).toContain('layer 3');
    expect(text).toMatch(/BF16 64 × 128/);
    expect(text).not.toMatch(/std|singular|Off-principal|image/);
    expect(text).toContain('command:offaxis.openTensor?');
  });
  it('adds statistics and spectrum of an open inspector', () => {
    const text = hover({ checkpoints: true });
    const stable = spectra.get(TENSOR)?.metrics.stableRank;
    expect(stable).toBeGreaterThan(1);
    expect(text).toContain(`Stable rank ${stable?.toPrecision(4)}`);
    expect(text).toMatch(/Mean .*, Std .*, Zeros 0/);
    const image = /data:image\/svg\+xml;base64,([\w+/=]+)\|width=240,height=44/.exec(text)?.[1] ?? '';
    expect(Buffer.from(image, 'base64').toString()).toMatch(/^<svg xmlns.*<path d="M3\.0 .*<\/svg>$/);
  });
  it('puts every figure of the comparison beside its null or limit', () => {
    const text = hover({ comparisons: true });
    const m = tensors.get(TENSOR)?.metrics;
    const share = (v: number | null | undefined): string => `${(100 * (1 - (v ?? NaN))).toPrecision(3)}\u202f%`;
    expect(text).toContain(
      `${share(m?.principalOverlap)} | &ensp;Gaussian noise ${share(m?.principalNull)}, step noise ${share(m?.principalNullStep)}`,
    );
    expect(text).toContain(`${share(m?.jointEnergy)} | &ensp;isotropic`);
    expect(text).toMatch(/Unchanged in bf16 \| .* \| &ensp;no noise figure/);
    expect(text).toMatch(/Mask view: like noise\. Energy view: into the main directions\./);
    expect(text).toContain('command:offaxis.showInComparison?');
  });
  it('says first what the figures say, of these tensors alone, and nothing before there is a plan', () => {
    const text = hover({ comparisons: true });
    const words = plain("The update leans into the base's main directions (×");
    expect(text.indexOf(words)).toBeGreaterThan(text.indexOf('base → '));
    expect(text.indexOf(words)).toBeLessThan(text.indexOf('Mask view'));
    expect(text).toContain(plain('needs the noise twin.'));
    const { known, ...rest } = context({});
    const unplanned = { ...known, comparisons: () => [{ ...comparison, plan: null }] };
    const match = matchName(facts.tensors, TENSOR);
    expect(match && tensorHover(facts, match, { ...rest, known: unplanned })).not.toContain(words);
  });
  it('gives means over a pattern of tensors', () => {
    const text = hover({ comparisons: true }, 'model.layers.{i}.self_attn.v_proj');
    expect(text).toContain('6 tensors in 6 layers');
    expect(text).toContain('Show in Comparison');
  });
  it('takes names from files as text, never as Markdown', () => {
    const text = hover({ comparisons: true });
    expect(text).not.toContain('r[l]');
    expect(plain('a](command:x) <b> `c` $(zap) https://x.y')).not.toMatch(/[\]()<`$:/]/);
  });
});

describe('alignmentFigures', () => {
  it('averages what has a value, counts verdicts, and takes the largest angle', () => {
    const [one] = tensors.values();
    if (!one) throw new Error('no tensor');
    const other = {
      ...one,
      metrics: { ...one.metrics, principalOverlap: null, angleUMax: 89, nss: (one.metrics.nss ?? 0) * 3 },
    };
    const f = alignmentFigures([one, other]);
    const [mask, , shift, angle] = f.headlines.map(({ told }) => told.value);
    expect(mask).toBeCloseTo(1 - (one.metrics.principalOverlap ?? NaN), 12);
    expect(shift).toBeCloseTo(2 * (one.metrics.nss ?? NaN), 12);
    expect(angle).toBe(89);
    expect(f.matrices).toBe(2);
    expect(f.mask.map(({ words, items }) => [words.word.message, items.length])).toEqual([
      ['like noise', 1],
      ['no visible change', 1],
    ]);
  });
});

describe('fileHover', () => {
  it('names format, size, tensors and problems, and links to what is open', () => {
    const text = fileHover(facts, 'model.safetensors', context({ comparisons: true }));
    expect(text).toContain(`${facts.tensors.length} tensors`);
    expect(text).toContain('BF16');
    expect(text).toContain('Show Comparison');
  });
});
