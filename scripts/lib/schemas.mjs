// The metric blocks of the JSON Schemas, from the catalog of figures; the rest of each schema is written by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { format } from 'prettier';

/** The files that hold blocks, and how they are put in. */
const FILLED = {
  'comparison-1.schema.json': (schema, block) => {
    const sides = block(['elements'], ['spectrum']);
    const metrics = block(['change'], ['update', 'profile']);
    const twin = { anyOf: [{ type: 'null' }, block(['change', 'update'], [])] };
    Object.assign(metrics.properties, { base: sides, tuned: sides, twin });
    metrics.required.push('base', 'tuned');
    schema.properties.tensors.items.properties.metrics = metrics;
  },
  'inspection-1.schema.json': (schema, block) => {
    const { properties } = schema.properties.tensors.items;
    const { histogram } = properties.stats.properties;
    const stats = block(['elements'], []);
    stats.properties.histogram = histogram;
    stats.required.push('histogram');
    Object.assign(properties, { stats, spectrum: block(['spectrum'], []) });
  },
};

const TYPES = { number: 'number', integer: 'integer', boolean: 'boolean' };

/** What a value of the figure looks like. */
function valueSchema({ kind, nullable, range: [minimum, maximum] }) {
  const bounds = {
    ...(minimum === null || kind === 'boolean' ? {} : { minimum }),
    ...(maximum === null || kind === 'boolean' ? {} : { maximum }),
  };
  if (kind in TYPES) return { type: nullable ? [TYPES[kind], 'null'] : TYPES[kind], ...bounds };
  const list = { type: 'array', items: { type: 'number', ...bounds } };
  if (kind === 'range') Object.assign(list, { minItems: 2, maxItems: 2 });
  return nullable ? { anyOf: [{ type: 'null' }, list] } : list;
}

/** @returns {Promise<readonly import('../../src/metrics/figure.ts').AnyFigure[]>} the catalog, bundled: scripts run without types */
async function catalogOf(root) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'metrics', 'catalog.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const { CATALOG } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
  );
  return CATALOG;
}

/**
 * The texts of the schemas that hold figures, by path in the checkout.
 * @param {string} root the checkout
 * @returns {Promise<Map<string, string>>}
 */
export async function schemaTexts(root) {
  const catalog = await catalogOf(root);
  const entries = (sources) =>
    catalog.filter(({ of }) => sources.includes(of)).map((figure) => [figure.id, valueSchema(figure)]);
  const block = (required, optional) => ({
    type: 'object',
    properties: Object.fromEntries([...entries(required), ...entries(optional)]),
    required: entries(required).map(([id]) => id),
    additionalProperties: false,
  });
  const texts = new Map();
  for (const [name, fill] of Object.entries(FILLED)) {
    const path = join('media', 'schema', name);
    const schema = JSON.parse(readFileSync(join(root, path), 'utf8'));
    fill(schema, block);
    texts.set(path, await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }));
  }
  return texts;
}
