/** config.json against the tensors: layers, widths, vocabulary, output head. One that belongs to another checkpoint is not believed in silence. */
import { isAdapterPart, isTokenTable, LLAMA, normalizeName, stageOf, type Stage } from '../families/index.ts';
import { quoted, type ProblemList } from '../formats/index.ts';
import { isFloating } from '../numbers/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { StatedShapes } from './config.ts';

export interface ConfigCheck {
  tensors: ReadonlyMap<string, TensorRow>;
  config: ModelConfig;
  stated: StatedShapes;
  /** every file of the model is there: what is not found is not in the checkpoint */
  complete: boolean;
}

const ADVICE = 'It is the config of another model, or tensors are missing: compare both with their source.';

/** Says each thing once, with an example. Adapters hold parts of a model and are left out. */
export function checkConfig(check: ConfigCheck, problems: ProblemList): void {
  const rows = [...check.tensors.values()];
  if (rows.length === 0 || rows.some(({ name }) => isAdapterPart(name))) return;
  const towers = towersOf(rows);
  checkLayers(check, towers, problems);
  checkWidths(check, towers, problems);
  checkTables(check, rows, problems);
}

type Tower = Map<number, TensorRow[]>;
const BEFORE_LAYER = /^((?:.*?\.)?(?:layers?|h|blocks?))\.(\d{1,9})\./;

/** Stacks of layers by what stands before their numbers: "layers", "encoder.block", "vision_tower.blocks". */
function towersOf(rows: readonly TensorRow[]): Map<string, Tower> {
  const towers = new Map<string, Tower>();
  for (const row of rows) {
    if (row.layer === null) continue;
    const [, path, digits] = BEFORE_LAYER.exec(normalizeName(row.name)) ?? [];
    // The layer of a name is its first number, which is another one behind a numbered prefix.
    if (path === undefined || Number(digits) !== row.layer || /(^|\.)\d+\./.test(path)) continue;
    let tower = towers.get(path);
    if (!tower) towers.set(path, (tower = new Map<number, TensorRow[]>()));
    const layer = tower.get(row.layer);
    if (layer) layer.push(row);
    else tower.set(row.layer, [row]);
  }
  return towers;
}

/** The stacks that config.json speaks of, with the layers that it gives each. */
function statedTowers(
  towers: ReadonlyMap<string, Tower>,
  layers: number,
  { decoderLayers }: StatedShapes,
): { tower: Tower; path: string; layers: number }[] {
  const own = [...towers.keys()].filter((path) => !/(^|[._])(vis|image|img|audio|mtp|draft|qformer)/.test(path));
  const sole = own.filter((path) => !path.includes('.'));
  const [first] = sole.length > 0 ? sole : own;
  const of = (path: string, count: number): { tower: Tower; path: string; layers: number }[] => {
    const tower = towers.get(path);
    return tower ? [{ tower, path, layers: count }] : [];
  };
  if (first !== undefined && (sole.length === 1 || own.length === 1)) return of(first, layers);
  const [encoder, decoder] = ['encoder.', 'decoder.'].map((stack) => own.find((path) => path.startsWith(stack)));
  if (own.length !== 2 || encoder === undefined || decoder === undefined) return [];
  return [...of(encoder, layers), ...of(decoder, decoderLayers ?? layers)];
}

/** Parts of a layer that predicts further tokens, which config.json does not count (DeepSeek-V3, GLM). */
const PREDICTS_MORE = /^(eh_proj|enorm|hnorm|shared_head|embed_tokens)/;

function checkLayers(
  { config, stated, complete }: ConfigCheck,
  towers: ReadonlyMap<string, Tower>,
  problems: ProblemList,
): void {
  if (config.layers === null) return;
  for (const { tower, path, layers } of statedTowers(towers, config.layers, stated)) {
    // Some number from 1.
    const start = !tower.has(0) && tower.has(layers) && !tower.has(layers + 1) ? 1 : 0;
    const isExtra = (layer: number, rows: readonly TensorRow[]): boolean =>
      layer < layers + start + stated.extraLayers || rows.some(({ module }) => PREDICTS_MORE.test(module));
    const beyond = [...tower].filter(([layer, rows]) => layer >= layers + start && !isExtra(layer, rows));
    const said = `config.json says ${layers} layers`;
    if (beyond.length > 0) {
      const [[layer] = [layers]] = beyond;
      const text = `${said}, but ${beyond.length} more lie here, as ${quoted(`${path}.${layer}`)}.`;
      problems.add('warning', 'config-layers', text, ADVICE);
    }
    const absent = layers - [...tower.keys()].filter((layer) => layer >= start && layer < layers + start).length;
    let example = start;
    while (tower.has(example)) example++;
    if (!complete || absent === 0) continue;
    const text = `${said}, but ${absent} of them have no tensors here, the first ${quoted(`${path}.${example}`)}.`;
    problems.add('warning', 'config-layers', text, ADVICE);
  }
}
/** Other than the block's own projections; a plain "gate" chooses experts. */
const NOT_OWN = /cross|shared|expert|laurel|adapter|mtp|(^|\.)gate$/i;
type Side = 'rows' | 'columns';
/** Which side of a projection is the model's width, and which the MLP's. */
const WIDTH: Readonly<Partial<Record<Stage, Side>>> = {
  ...{ query: 'columns', key: 'columns', value: 'columns', qkv: 'columns', out: 'rows' },
  ...{ gate: 'columns', up: 'columns', gateUp: 'columns', down: 'rows' },
};
const MLP: Readonly<Partial<Record<Stage, Side>>> = { gate: 'rows', up: 'rows', gateUp: 'rows', down: 'columns' };

function checkWidths({ config, stated }: ConfigCheck, towers: ReadonlyMap<string, Tower>, problems: ProblemList): void {
  if (config.layers === null) return;
  const wrong = new Map<string, { row: TensorRow; found: number; said: number; count: number }>();
  const compare = (key: string, row: TensorRow, found: number, said: number | null): void => {
    if (said === null || found === said) return;
    const before = wrong.get(key);
    if (before) before.count++;
    else wrong.set(key, { row, found, said, count: 1 });
  };
  const { hiddenSize, attentionHeads, keyValueHeads, headDim, modelType } = config;
  // Other families gate their queries, share keys or have heads of several widths.
  const plainHeads = modelType !== null && LLAMA.modelTypes.includes(modelType) && headDim !== null;
  for (const { tower, layers } of statedTowers(towers, config.layers, stated)) {
    for (const [layer, rows] of tower) {
      if (layer >= layers) continue;
      for (const row of rows) {
        const stage = isPlainMatrix(row) && !NOT_OWN.test(row.module) ? stageOf(row.module) : null;
        if (stage === null) continue;
        const [height = 0, width = 0] = row.shape;
        const side = (which: Side | undefined): number | null =>
          which === undefined ? null : which === 'rows' ? height : width;
        const hidden = side(WIDTH[stage]);
        if (hidden !== null) compare('hidden_size', row, hidden, hiddenSize);
        const inner = side(MLP[stage]);
        // Qwen 1 counts both halves.
        if (inner !== null && modelType !== 'qwen')
          compare('intermediate_size', row, stage === 'gateUp' ? inner / 2 : inner, stated.intermediate);
        if (!plainHeads) continue;
        if (stage === 'query' && attentionHeads !== null)
          compare('num_attention_heads x head_dim', row, height, attentionHeads * headDim);
        if ((stage === 'key' || stage === 'value') && keyValueHeads !== null)
          compare('num_key_value_heads x head_dim', row, height, keyValueHeads * headDim);
      }
    }
  }
  for (const [key, { row, found, said, count }] of wrong) {
    const others = count > 1 ? `, as ${count - 1} more do` : '';
    const text = `config.json says ${key} ${said}, but its shape [${row.shape.join(', ')}] says ${found}${others}.`;
    problems.add('warning', 'config-widths', text, ADVICE, { tensor: row.name });
  }
}

function isPlainMatrix({ shape, dtype, offset, transposed }: TensorRow): boolean {
  return shape.length === 2 && offset !== null && transposed !== true && isFloating(dtype);
}

const TABLE = /(^|\.)(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in|shared|lm_head|embed_out)$/;
/** of a model that a wrapper of any name holds */
const HEAD_BEHIND_PREFIX = /\.(lm_head|embed_out)$/;
const OUTSIDE_MODEL = /(^|[._])(vis|image|img|audio|mtp|draft|per_layer)|embed_tokens_per_layer/;

function checkTables(
  { config, stated, complete }: ConfigCheck,
  rows: readonly TensorRow[],
  problems: ProblemList,
): void {
  const outside = rows.filter(({ layer, module }) => layer === null && isTokenTable(module));
  const tables = outside.filter(
    (row) => isPlainMatrix(row) && TABLE.test(row.module) && !OUTSIDE_MODEL.test(row.module),
  );
  const { vocabulary, embeddingWidth } = stated;
  const other = vocabulary === null ? undefined : tables.find(({ shape }) => shape[0] !== vocabulary);
  if (other) {
    const found = other.shape[0] ?? 0;
    // One table for both stacks and the head is padded to a round size by T5's tools, and its config left as it was.
    const padded = found > (vocabulary ?? 0) && tables.some(({ module }) => module === 'shared');
    const text = `config.json says a vocabulary of ${vocabulary}, but it has ${found} rows.`;
    problems.add(padded ? 'info' : 'warning', 'config-vocabulary', text, padded ? '' : ADVICE, { tensor: other.name });
  }
  const width = embeddingWidth ?? config.hiddenSize;
  const narrow = width === null ? undefined : tables.find(({ shape }) => shape[1] !== width);
  if (narrow) {
    const text = `config.json says a width of ${width}, but it has ${narrow.shape[1]} columns.`;
    problems.add('warning', 'config-widths', text, ADVICE, { tensor: narrow.name });
  }
  const embedding = tables.some(({ role }) => role === 'embedding');
  const head = rows.some(({ role, module }) => role === 'head' || HEAD_BEHIND_PREFIX.test(module));
  if (complete && stated.hasHead && embedding && !head && isUntied(config, stated)) {
    const text =
      'config.json says that the output head is not tied to the embedding (tie_word_embeddings), but no head lies here.';
    problems.add('warning', 'config-head', text, ADVICE);
  }
}

/** Llama's relatives leave the key out if the head is its own; others mean the opposite by that. */
const UNTIED_BY_DEFAULT = new Set(['llama', 'mistral', 'mixtral', 'qwen2', 'qwen3', 'qwen2_moe', 'qwen3_moe', 'phi3']);
function isUntied({ modelType }: ModelConfig, { tiedHead }: StatedShapes): boolean {
  return tiedHead === null ? modelType !== null && UNTIED_BY_DEFAULT.has(modelType) : !tiedHead;
}
