/** What config.json says of a quantisation: block sizes, bits, versions. Shapes decide if they can; this is asked for the rest. */

export interface QuantisationConfig {
  /** `quant_method` of transformers, "" if there is none */
  readonly method: string;
  /** GPTQ's `checkpoint_format`, AWQ's `version` */
  readonly format: string;
  /** BitNet's `linear_class` */
  readonly linearClass: string;
  readonly bits: number | null;
  readonly groupSize: number | null;
  /** FP8's `weight_block_size` */
  readonly block: readonly [rows: number, columns: number] | null;
  /** MLX: bits and group of one module that differ from the rest, and how its scales are stored ("affine", "mxfp4", …) */
  readonly module: (name: string) => { bits: number | null; groupSize: number | null; mode: string };
}

/** Never fails: what it cannot read it leaves out. */
export function quantisationConfig(text: string | null): QuantisationConfig {
  const root = objectOf(parsed(text));
  const nested = ['text_config', 'llm_config', 'language_config'].map((key) => objectOf(root[key]));
  const find = (key: string): Fields | undefined =>
    [root, ...nested].map((source) => source[key]).find((value) => value !== undefined && value !== null) as
      Fields | undefined;
  const stated = objectOf(find('quantization_config') ?? find('quantization') ?? find('compression_config'));
  const mlx = objectOf(find('quantization') ?? stated);
  const blocks = stated['weight_block_size'];
  const [rows, columns] = Array.isArray(blocks) ? (blocks as unknown[]).map(natural) : [];
  const bits = natural(stated['bits']);
  const groupSize = natural(stated['group_size']);
  return {
    method: textOf(stated['quant_method']),
    format: textOf(stated['checkpoint_format']) || textOf(stated['version']),
    linearClass: textOf(stated['linear_class']),
    bits,
    groupSize,
    block: rows && columns ? [rows, columns] : null,
    module: (name) => {
      const own = objectOf(Object.hasOwn(mlx, name) ? mlx[name] : undefined);
      return {
        bits: natural(own['bits']) ?? natural(mlx['bits']),
        groupSize: natural(own['group_size']) ?? natural(mlx['group_size']),
        mode: textOf(own['mode']) || textOf(mlx['mode']) || 'affine',
      };
    },
  };
}

type Fields = Record<string, unknown>;
function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** The fields of a JSON object, {} for anything else. */
export function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
export function natural(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}
