/** config.json: whatever stands in it, the figures that come of it are whole positive numbers or null. */
import { parseModelConfig } from '../../src/checkpoint/config.ts';
import { damagedBytes, damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

const KEYS = [
  'num_hidden_layers',
  'n_layer',
  'hidden_size',
  'num_attention_heads',
  'num_key_value_heads',
  'head_dim',
  'kv_channels',
];

export const configTarget: Target = {
  name: 'config',
  note: 'what is not an object is null',
  make(random) {
    const text = sound(random);
    const kind = random.below(5);
    if (kind === 0) return random.bytes(random.below(200));
    if (kind === 1) return damagedBytes(random, new TextEncoder().encode(text));
    return new TextEncoder().encode(kind === 2 ? text : damagedJson(random, text));
  },
  run(bytes) {
    const config = parseModelConfig(new TextDecoder().decode(bytes));
    if (config === null)
      return Promise.resolve({
        accepted: false,
        rejections: [{ code: 'not-an-object', message: 'null' }],
        fault: null,
      });
    const wrong = Object.entries(config).find(
      ([, value]) =>
        value !== null &&
        typeof value !== 'string' &&
        !(typeof value === 'number' && Number.isSafeInteger(value) && value > 0),
    );
    return Promise.resolve({
      accepted: true,
      rejections: [],
      fault: wrong ? `${wrong[0]} is ${String(wrong[1])}` : null,
    });
  },
  close: () => Promise.resolve(),
};

function sound(random: Random): string {
  const fields = Array.from({ length: random.below(8) }, () => {
    const value = random.pick([
      '1',
      '32',
      '4096',
      '0',
      '-1',
      '1.5',
      '1e400',
      '"8"',
      'null',
      '[1]',
      '{}',
      '9007199254740993',
    ]);
    return `"${random.pick(KEYS)}":${value}`;
  });
  const inner = `{"model_type":${random.pick(['"llama"', '7', '"\\u001b"'])}${fields.length ? ',' : ''}${fields.join(',')}}`;
  return random.chance(0.3) ? `{"text_config":${inner},"multi_query":true}` : inner;
}
