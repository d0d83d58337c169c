/** adapter_config.json as PEFT writes it: what the names of the factors do not say. */
import { join } from 'node:path';
import { disk } from '../../bytes/index.ts';
import type { ProblemList } from '../../formats/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';

const FILE = 'adapter_config.json';
/** Real ones have kilobytes. */
const MAX_BYTES = 1024 * 1024;

export interface AdapterConfig {
  peftType: string | null;
  rank: number | null;
  alpha: number | null;
  /** alpha of the modules that match a pattern */
  alphaPattern: [pattern: string, alpha: number][];
  rankStabilized: boolean;
  dora: boolean;
  /** how the factors began: "true" is the plain way, in which B is zero */
  initialisation: string;
  base: string | null;
}

/** Null if there is none, or it is not usable; then a problem says so. Throws cancelled only. */
export async function readAdapterConfig(
  folder: string,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<AdapterConfig | null> {
  const path = join(folder, FILE);
  if ((await disk.stamp(path)) === null) return null;
  const unusable = (why: string): null => {
    problems.add(
      'warning',
      'adapter-config-invalid',
      `${FILE} ${why}.`,
      'Download it again: scale and kind are there.',
    );
    return null;
  };
  try {
    const source = await disk.open(path);
    try {
      if (source.sizeBytes > MAX_BYTES)
        return unusable(`has ${source.sizeBytes} bytes, more than the ${MAX_BYTES} read`);
      const bytes = new Uint8Array(source.sizeBytes);
      await source.read(0, bytes, signal);
      return parse(new TextDecoder().decode(bytes)) ?? unusable('is not a JSON object');
    } finally {
      await source.close();
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof OffaxisError)) throw error;
    return unusable(`could not be read: ${error.message}`);
  }
}

function parse(text: string): AdapterConfig | null {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return null;
  const fields = new Map<string, unknown>(Object.entries(root));
  const number = (...keys: string[]): number | null => {
    const value = keys.map((key) => fields.get(key)).find((one) => typeof one === 'number');
    return value ?? null;
  };
  const text1 = (key: string): string | null => {
    const value = fields.get(key);
    return typeof value === 'string' ? value : null;
  };
  const patterns = fields.get('alpha_pattern');
  const initialisation = fields.get('init_lora_weights');
  return {
    peftType: text1('peft_type'),
    rank: number('r', 'rank'),
    // LoHa and LoKr call it alpha.
    alpha: number('lora_alpha', 'alpha'),
    alphaPattern:
      typeof patterns === 'object' && patterns !== null
        ? Object.entries(patterns).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
        : [],
    rankStabilized: fields.get('use_rslora') === true,
    dora: fields.get('use_dora') === true,
    initialisation: typeof initialisation === 'string' ? initialisation.toLowerCase() : 'true',
    base: text1('base_model_name_or_path'),
  };
}
