// @ts-check
// The metric blocks of the JSON Schemas, from the catalog of figures, and the schema of any result, which leads to the others; the rest is
// written by hand.
import { readdirSync, readFileSync } from 'node:fs';
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
 * @type {Record<string, (schema: Schema, block: (required: AnyFigure['of'][], optional: AnyFigure['of'][]) => Block, comparison: Schema) => void>}
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
  'runs-1.schema.json': (schema, block, comparison) => {
    ofSeveral(schema, comparison);
    const figures = block(['agreement'], []);
    const own = { i: { type: 'integer', minimum: 0 }, j: { type: 'integer', minimum: 1 } };
    const properties = { ...own, ...figures.properties, reasons: REASONS };
    const pair = { ...figures, properties, required: ['i', 'j', ...figures.required, 'reasons'] };
    Object.assign(at(at(schema, 'model'), 'pairs'), { items: pair });
    Object.assign(at(at(schema, 'tensors').items, 'pairs'), { items: pair });
  },
  'steps-1.schema.json': (schema, block, comparison) => {
    ofSeveral(schema, comparison);
    const path = block(['path'], []);
    Object.assign(schema.properties, { model: path });
    const { items } = at(schema, 'tensors');
    const series = block([], ['change', 'update']).properties;
    // a list over the steps of what is a number there
    const lists = Object.entries(series).flatMap(([id, value]) =>
      id in path.properties || !isNumber(value) ? [] : [[id, listOf(value)]],
    );
    Object.assign(items.properties, path.properties, Object.fromEntries(lists), { reasons: REASONS });
    items.required = [...new Set([...items.required, ...path.required, 'reasons'])];
  },
};
const REASONS = {
  type: 'array',
  description: 'why figures are null, one sentence each',
  items: { type: 'string', minLength: 1 },
};

/**
 * What several comparisons have of one.
 * @param {Schema} schema
 * @param {Schema} comparison
 */
function ofSeveral(schema, comparison) {
  for (const name of ['parameters', 'backend', 'answer'])
    Object.assign(schema.properties, { [name]: at(comparison, name) });
  Object.assign(at(schema, 'comparisons'), { items: at(comparison, 'summary') });
}

/** @param {object} value */
function isNumber(value) {
  const types = 'type' in value ? [value.type].flat() : [];
  return types.includes('number') || types.includes('integer');
}
/** @param {object} value */
function listOf(value) {
  const types = 'type' in value ? [value.type].flat() : [];
  return { type: 'array', items: { ...value, type: [...new Set([...types, 'null'])] } };
}

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
  const list = { type: 'array', items: { type: kind === 'series' ? ['number', 'null'] : 'number', ...bounds } };
  if (kind === 'range') Object.assign(list, { minItems: 2, maxItems: 2 });
  return nullable ? { anyOf: [{ type: 'null' }, list] } : list;
}

/**
 * @param {string} root
 * @returns {Promise<readonly AnyFigure[]>} the catalogs, bundled: scripts run without types
 */
async function catalogOf(root) {
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from './catalog.ts'; export * from './severalCatalog.ts';",
      resolveDir: join(root, 'src', 'metrics'),
    },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const [{ text } = { text: '' }] = outputFiles;
  const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
  const { CATALOG, AGREEMENT_FIGURES, PATH_FIGURES } = await import(url);
  return [...CATALOG, ...AGREEMENT_FIGURES, ...PATH_FIGURES];
}

/**
 * The schema by which VS Code checks a JSON file that may be a result: what its `schema` names, and nothing for files of others.
 * @param {string} root
 */
function resultSchema(root) {
  const names = readdirSync(join(root, 'media', 'schema')).filter((name) => /-\d+\.schema\.json$/.test(name));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A result of Offaxis',
    allOf: names.sort().map((name) => {
      const id = `offaxis.${name.replace(/-(\d+)\.schema\.json$/, '/$1')}`;
      return { if: { properties: { schema: { const: id } }, required: ['schema'] }, then: { $ref: name } };
    }),
  };
}

/**
 * The texts of the schemas that are generated or hold figures, by path in the checkout.
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
    // a comparison that ends with the alignment has no figures of whole spectra
    required: catalog.filter((figure) => required.includes(figure.of) && !figure.whole).map(({ id }) => id),
    additionalProperties: false,
  });
  const read = (/** @type {string} */ name) => JSON.parse(readFileSync(join(root, 'media', 'schema', name), 'utf8'));
  const texts = new Map();
  /** @type {(schema: object) => Promise<string>} */
  const text = (schema) => format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
  for (const [name, fill] of Object.entries(FILLED)) {
    const path = join('media', 'schema', name);
    const schema = read(name);
    fill(schema, block, read('comparison-1.schema.json'));
    texts.set(path, await text(schema));
  }
  texts.set(join('media', 'schema', 'result.schema.json'), await text(resultSchema(root)));
  return texts;
}
