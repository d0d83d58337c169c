import { describe, expect, it } from 'vitest';
import { stringAt } from '../../../src/hover/strings.ts';
import { growth } from '../growth.ts';

const at = (line: string, part: string, plain = false): string | null =>
  stringAt(line, line.indexOf(part) + 1, plain)?.text ?? null;

describe('stringAt', () => {
  it('finds the quoted string under the cursor, of several on the line', () => {
    const line = `state["model.layers.0.mlp.weight"], state['lm_head.weight']`;
    expect(at(line, 'layers')).toBe('model.layers.0.mlp.weight');
    expect(at(line, 'lm_head')).toBe('lm_head.weight');
    expect(stringAt(line, line.indexOf('model'), false)).toMatchObject({ start: 7, end: 32 });
  });
  it('takes no escaped quote for an end, and no text without quotes', () => {
    expect(at(String.raw`"a\"b.weight"`, 'b.weight')).toBe(String.raw`a\"b.weight`);
    expect(at('model.layers.0', 'layers')).toBeNull();
    expect(at('open_quote = "model', 'model')).toBeNull();
  });
  it('takes a plain scalar in YAML, key or value', () => {
    expect(at('  - model.layers.3.mlp.down_proj', 'layers', true)).toBe('model.layers.3.mlp.down_proj');
    expect(at('path: ./base/model.safetensors', 'base', true)).toBe('./base/model.safetensors');
    expect(at('lm_head.weight: 1', 'head', true)).toBe('lm_head.weight');
  });
  it('looks no further than a name can be long: an index may be one line of megabytes', async () => {
    const lines = new Map([20_000, 500_000].map((length) => [length, `"${'x'.repeat(length)}"`]));
    const look = (length: number): void => {
      for (let i = 0; i < 100; i++)
        for (const plain of [false, true]) stringAt(lines.get(length) ?? '', length / 2, plain);
    };
    expect(stringAt(lines.get(500_000) ?? '', 250_000, false)).toBeNull();
    // 25 if all of the line were looked at
    expect(await growth(look, 20_000, 500_000, 6)).toBeLessThan(6);
  });
});
