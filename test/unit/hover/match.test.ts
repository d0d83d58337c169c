import { describe, expect, it } from 'vitest';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { matchModule, matchName } from '../../../src/hover/match.ts';
import { growth } from '../growth.ts';

const row = (name: string, shape = [8, 8]): TensorRow => ({
  name,
  layer: Number(/\.(\d+)\./.exec(name)?.[1] ?? 0),
  module: name,
  dtype: 'BF16',
  shape,
  sizeBytes: 128,
  file: 'model.safetensors',
  offset: 0,
  missing: false,
  role: 'block',
  spectral: true,
});
const rows = [
  row('model.layers.0.self_attn.q_proj.weight'),
  row('model.layers.0.self_attn.q_proj.bias', [8]),
  row('model.layers.1.self_attn.q_proj.weight'),
  row('model.layers.1.mlp.down_proj.weight'),
  row('lm_head.weight'),
];
const names = (match: ReturnType<typeof matchName>): string[] =>
  match === null ? [] : match.kind === 'tensor' ? [match.row.name] : match.rows.map(({ name }) => name);

describe('matchName', () => {
  it('takes a name, a module without its ".weight", and the beginning of names', () => {
    expect(names(matchName(rows, 'lm_head.weight'))).toEqual(['lm_head.weight']);
    expect(names(matchName(rows, 'model.layers.1.mlp.down_proj'))).toEqual(['model.layers.1.mlp.down_proj.weight']);
    expect(names(matchName(rows, 'model.layers.1'))).toHaveLength(2);
  });
  it('takes the name of the weight for its codes, and the name of the codes', () => {
    const codes: TensorRow = {
      ...row('model.layers.2.self_attn.q_proj.qweight'),
      quantised: {
        ...{ codes: 'model.layers.2.self_attn.q_proj.qweight', weight: 'model.layers.2.self_attn.q_proj.weight' },
        ...{ kind: 'GPTQ', bits: 4, group: null, storedShape: [1, 8], parameters: 64, reason: null },
      },
    };
    const all = [...rows, codes, row('model.layers.2.self_attn.q_proj.scales')];
    for (const ending of ['', '.weight', '.qweight'])
      expect(names(matchName(all, `model.layers.2.self_attn.q_proj${ending}`))).toEqual([codes.name]);
    expect(names(matchModule(all, 'layers.2.self_attn.q_proj'))).toEqual([codes.name]);
  });
  it('takes the placeholders of format strings for any one part', () => {
    for (const text of ['model.layers.{i}.self_attn.q_proj', 'model.layers.%d.self_attn.q_proj.weight'])
      expect(names(matchName(rows, text))).toEqual([rows[0]?.name, rows[2]?.name]);
    expect(matchName(rows, '{a}.{b}')).toBeNull();
    expect(matchName(rows, '*.weight')).toBeNull();
  });
  it('finds nothing in words of everyday', () => {
    for (const text of ['', 'q', 'model', 'weight', ': ', 'self_attn']) expect(matchName(rows, text)).toBeNull();
  });
});

describe('matchModule', () => {
  it('takes the end of a module name, as PEFT does, and its adapters', () => {
    expect(names(matchModule(rows, 'q_proj'))).toEqual([rows[0]?.name, rows[2]?.name]);
    const lora = [row('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight')];
    expect(names(matchModule(lora, 'q_proj'))).toHaveLength(1);
    expect(matchModule(rows, 'proj')).toBeNull();
  });
  it('takes a regular expression over the whole name; one it cannot read is none', () => {
    expect(names(matchModule(rows, String.raw`.*\.1\.(self_attn|mlp)\..*`))).toHaveLength(2);
    expect(matchModule(rows, '(?P<x>.*')).toBeNull();
    // Python's fullmatch: case counts, and alternatives end where the name does.
    expect(matchModule(rows, '.*Q_PROJ')).toBeNull();
    expect(names(matchModule(rows, 'lm|lm_head'))).toEqual(['lm_head.weight']);
    expect(names(matchModule(rows, `.*\\.(${'never|'.repeat(100)}q_proj)`))).toHaveLength(2);
  });
  it('ends on a pattern that would backtrack for ever, or grow without end', async () => {
    // first where an engine that backtracks still ends
    const nested = (length: number): unknown => matchModule([row(`${'a'.repeat(length)}!.weight`)], '(a+)+$');
    expect(await growth(nested, 12, 26, 20)).toBeLessThan(20);
    const starred = (length: number): unknown =>
      matchName([row(`a.b${'x'.repeat(length)}.weight`)], `a.b${'{i}*'.repeat(5)}.c`);
    expect(await growth(starred, 40, 80, 8)).toBeLessThan(8);
    const hostile = [row(`${'a'.repeat(60)}!.weight`), row(`${'ab'.repeat(50_000)}.weight`)];
    for (const pattern of [
      '(a+)+$',
      '(a*)*b|(.*)*c',
      '((a|aa)+)+[.]x',
      '(.*a){12}[.]b',
      '((((((){1000}){1000}){1000}){1000}){1000}){1000}',
      `(a|b)*a(a|b){900}`,
      `${'('.repeat(900)}.${')*'.repeat(900)}`,
    ]) {
      expect(matchModule([...hostile, ...rows], pattern), pattern).toBeNull();
    }
    const placeholders = `a.b${'{i}*'.repeat(300)}.c`;
    expect(matchName([row(`a.b${'x'.repeat(100_000)}.weight`)], placeholders)).toBeNull();
  });
});
