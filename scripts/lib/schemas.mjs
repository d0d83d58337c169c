// @ts-check
// The metric blocks of the JSON Schemas, from the catalog of figures; the rest of each schema is written by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { format } from 'prettier';

/** @typedef {import('../../src/metrics/figure.ts').AnyFigure} AnyFigure */
/**
 * A schema of ours, as far as it is gone into here: which of these an object has is as its file says.
 * @typedef {{ properties: Record<string, Schema>, required: string[], items: Schema }} Schema
 */
/** @typedef {{ type: string, properties: Record<string, object>, required: string[], additionalProperties: false }} Block */

/**
 * The files that hold blocks, and how they are put in.
 * @type {Record<string, (schema: Schema, block: (required: AnyFigure['of'][], optional: AnyFigure['of'][]) => Block) => void>}
 */
const FILLED = {
  'comparison-1.schema.json': (schema, block) => {
    const sides = block(['elements'], ['spectrum']);
    const metrics = block(['change'], ['update', 'profile']);
    const twin = { anyOf: [{ type: 'null' }, block(['change', 'update'], [])] };
    Object.assign(metrics.properties, { base: sides, tuned: sides, twin });
    metrics.required.push('base', 'tuned');
    Object.assign(at(schema, 'tensors').items.properties, { metrics });
  },
  'inspection-1.schema.json': (schema, block) => {
    const { items } = at(schema, 'tensors');
    const histogram = at(at(items, 'stats'), 'histogram');
    const stats = block(['elements'], []);
    Object.assign(stats.properties, { histogram });
    stats.required.push('histogram');
    Object.assign(items.properties, { stats, spectrum: block(['spectrum'], []) });
  },
};

/**
 * @param {Schema} schema
 * @param {string} name
 */
function at(schema, name) {
  const found = schema.properties[name];
  if (!found) throw new Error(`The schema has no property ${name}.`);
  return found;
}

const PLAIN = ['number', 'integer', 'boolean'];

/**
 * What a value of the figure looks like.
 * @param {AnyFigure} figure
 */
function valueSchema({ kind, nullable, range: [minimum, maximum] }) {
  const bounds = {
    ...(minimum === null || kind === 'boolean' ? {} : { minimum }),
    ...(maximum === null || kind === 'boolean' ? {} : { maximum }),
  };
  if (PLAIN.includes(kind)) return { type: nullable ? [kind, 'null'] : kind, ...bounds };
  const list = { type: 'array', items: { type: 'number', ...bounds } };
  if (kind === 'range') Object.assign(list, { minItems: 2, maxItems: 2 });
  return nullable ? { anyOf: [{ type: 'null' }, list] } : list;
}

/**
 * @param {string} root
 * @returns {Promise<readonly AnyFigure[]>} the catalog, bundled: scripts run without types
 */
async function catalogOf(root) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'metrics', 'catalog.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const [{ text } = { text: '' }] = outputFiles;
  const { CATALOG } = await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
  return CATALOG;
}

/**
 * The texts of the schemas that hold figures, by path in the checkout.
 * @param {string} root the checkout
 * @returns {Promise<Map<string, string>>}
 */
export async function schemaTexts(root) {
  const catalog = await catalogOf(root);
  /** @type {(sources: AnyFigure['of'][]) => [string, object][]} */
  const entries = (sources) =>
    catalog.filter(({ of }) => sources.includes(of)).map((figure) => [figure.id, valueSchema(figure)]);
  /** @type {(required: AnyFigure['of'][], optional: AnyFigure['of'][]) => Block} */
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
