/** Shard indexes, beside JSON.parse: what we take is JSON, and every shard of it stays in its folder. */
import { posix } from 'node:path';
import { parseShardIndex } from '../../src/formats/index.ts';
import { damagedBytes, damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

const SHARDS = [
  ...[
    'model-00001-of-00002.safetensors',
    'sub/model.safetensors',
    '../x.safetensors',
    '/etc/passwd',
    'a/../../b',
    'C:x',
    'a\\b',
  ],
  ...['https://example.com/x', '', '.', './a', 'a//b', 'a/', '%2e%2e/x', '\u0000', '\u202ex', 'x'.repeat(2_000)],
];

export const indexTarget: Target = {
  name: 'index',
  note: 'beside JSON.parse',
  make(random) {
    const text = sound(random);
    const kind = random.below(6);
    if (kind === 0) return random.bytes(random.below(200));
    if (kind === 1) return damagedBytes(random, new TextEncoder().encode(text));
    return new TextEncoder().encode(kind === 2 ? text : damagedJson(random, text));
  },
  run(bytes) {
    const { weightMap, problems } = parseShardIndex(bytes, 'case.safetensors.index.json');
    const list = problems.list();
    const accepted = !list.some(({ severity }) => severity === 'error');
    return Promise.resolve({
      accepted,
      rejections: list,
      fault: outside(weightMap) ?? (accepted ? notJson(bytes) : null),
    });
  },
  close: () => Promise.resolve(),
};

function outside(weightMap: ReadonlyMap<string, string>): string | null {
  for (const shard of weightMap.values()) {
    const path = posix.resolve('/folder', shard);
    if (!path.startsWith('/folder/')) return `the shard ${JSON.stringify(shard)} leads to ${path}`;
  }
  return null;
}
function notJson(bytes: Uint8Array): string | null {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return null;
  } catch (error) {
    return `accepted, but JSON.parse says: ${(error as Error).message}`;
  }
}

function sound(random: Random): string {
  const entries = Array.from({ length: random.below(8) }, (_, i): [string, string] => [
    random.chance(0.2) ? random.pick(['__proto__', 'constructor', '', 'é']) : `layers.${i}.weight`,
    random.chance(0.6) ? 'model-00001-of-00002.safetensors' : random.pick(SHARDS),
  ]);
  const map = entries.map(([name, shard]) => `${JSON.stringify(name)}:${JSON.stringify(shard)}`).join(',');
  return `{"metadata":${random.pick(['{"total_size":1000}', '{}', '{"a":[1,{"b":null}]}'])},"weight_map":{${map}}}`;
}
