/**
 * How each kind makes W1 of W0, row by row in float64 (METRICS F): which parts it needs, and the shape of the weight that they fit. The
 * whole of D is never formed.
 */
import { isTokenTable } from '../../families/index.ts';
import type { Weight } from '../weight.ts';
import type { AdapterModule } from './adapter.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { initialisationOf, without, type InitialFactors } from './initial.ts';
import { added, need, type Factors, type RowUpdate } from './factors.ts';
import {
  ofAdaLora,
  ofEmbedding,
  ofLocon,
  ofLora,
  ofMlx,
  ofVera,
  withColumnMagnitudes,
  withMagnitudes,
  type ThinProduct,
} from './lowRank.ts';
import { brokenParts, isGrouped } from './parts.ts';
import { hadamard, kronecker, ofLoha, ofLokr, scaled } from './products.ts';
import { blockSize, boft, oft, squareOft } from './rotations.ts';
import { whyNoScale } from './scale.ts';
import { isSince } from './settings.ts';
import { elementCount } from '../../protocol/lists.ts';

export interface Recipe {
  /** shape of the weight that it changes; null: whatever the weight has on that axis */
  out: number | null;
  in: number | null;
  make(factors: Factors, base: Weight, signal?: AbortSignal): RowUpdate | Promise<RowUpdate>;
  /** A row of W1 depends on other rows of W0. */
  needsWhole?: boolean;
  thin?: { scale: number; of: (factors: Factors) => ThinProduct };
}

/** The parts of a module by their names and sides. */
class PartShapes {
  constructor(private readonly parts: AdapterModule['parts']) {}

  /** Are these the parts, all of them and no other? */
  are(...names: string[]): boolean {
    return this.parts.size === names.length && names.every((name) => this.parts.has(name));
  }
  shape(name: string): readonly number[] {
    return this.parts.get(name)?.shape ?? [];
  }
  side(name: string, axis: number): number {
    return this.shape(name)[axis] ?? 0;
  }
  /** all sides but the first: what a convolution's kernel lies in */
  rest(name: string): number {
    return elementCount(this.shape(name).slice(1));
  }
}

/** The recipe for the parts of a module, or the reason why there is none. */
export function recipeOf(module: AdapterModule, kept: InitialFactors): Recipe | string {
  const broken = brokenParts(module.parts);
  if (broken) return broken.reason;
  const shapes = new PartShapes(module.parts);
  const unscaled = scalingRecipe(shapes) ?? rotationRecipe(module, shapes) ?? tokenRecipe(module, shapes);
  if (unscaled) return unscaled;
  if (module.kind === 'VeRA' && !module.parts.has('vera_A'))
    return 'its projections were not saved (save_projection=False): PyTorch makes them anew from projection_prng_key. Save it with save_projection=True';
  const { scale } = module;
  if (scale === null) return whyNoScale(module);
  return (
    veraRecipe(shapes, scale) ??
    thinRecipe(module, shapes, scale, kept) ??
    productRecipe(module, shapes, scale) ??
    `its parts (${[...module.parts.keys()].slice(0, 6).join(', ')}) are not computed by this version`
  );
}

function scalingRecipe(shapes: PartShapes): Recipe | string | null {
  if (!shapes.are('ia3_l')) return null;
  if (shapes.shape('ia3_l').length > 2) return 'IA3 of a convolution is not computed by this version';
  const inputs = shapes.rest('ia3_l');
  return { out: inputs === 1 ? shapes.side('ia3_l', 0) : null, in: inputs === 1 ? null : inputs, make: scaled };
}

function rotationRecipe({ settings }: AdapterModule, shapes: PartShapes): Recipe | string | null {
  const rotation = settings?.rotation;
  if (shapes.are('boft_R', 'boft_s')) {
    const shape = shapes.shape('boft_R');
    const inputs = shapes.side('boft_R', 1) * shapes.side('boft_R', 2);
    return { out: shapes.side('boft_s', 0), in: inputs, make: (factors) => boft(factors, shape, inputs) };
  }
  const name = shapes.are('oft_R') ? 'oft_R' : shapes.are('oft_r', 'oft_s') ? 'oft_r' : null;
  if (name === null)
    return shapes.are('oft_r')
      ? 'it was saved by PEFT before 0.14, whose OFT turned outputs; it is not computed by this version. Merge it with that version'
      : null;
  if (!rotation) return 'its settings are not known: no adapter_config.json lies beside it';
  const size = name === 'oft_R' ? blockSize(shapes.side(name, 1)) : shapes.side(name, 1);
  if (size === null) return `its blocks have ${shapes.side(name, 1)} numbers, which no rotation has`;
  const inputs = rotation.shared ? null : size * shapes.side(name, 0);
  if (name === 'oft_R') {
    const since = isSince(settings.peftVersion, 0, 18);
    return { out: null, in: inputs, make: (factors) => oft(factors, rotation, since) };
  }
  return {
    out: shapes.side('oft_s', 0),
    in: inputs,
    make: (factors, base) => squareOft(factors, rotation, base.columns),
  };
}

/** Rows of a table that were learnt anew, whole (PEFT, tuners/trainable_tokens/layer.py). */
function tokenRecipe({ settings, module }: AdapterModule, shapes: PartShapes): Recipe | string | null {
  if (!shapes.are('trainable_tokens_delta')) return null;
  const stated = settings?.tokens ?? [];
  const tokens = (stated.find(([name]) => name !== null && (module === name || module.endsWith(`.${name}`))) ??
    stated.find(([name]) => name === null))?.[1];
  if (!tokens) return 'adapter_config.json does not say which tokens its rows belong to (trainable_token_indices)';
  const count = shapes.side('trainable_tokens_delta', 0);
  if (tokens.length !== count) return `adapter_config.json names ${tokens.length} tokens, and it has rows for ${count}`;
  const places = new Map(tokens.map((token, at) => [token, at]));
  return {
    out: null,
    in: shapes.side('trainable_tokens_delta', 1),
    needsWhole: true,
    make: (factors, base) => {
      const { values: rows, columns } = need(factors, 'trainable_tokens_delta');
      const beyond = tokens.find((token) => token < 0 || token >= base.rows);
      if (beyond !== undefined)
        throw new OffaxisError(
          'bad-file',
          say`The adapter has a row for token ${beyond}, and ${base.name} has ${base.rows}.`,
        );
      return (row, values) => {
        const at = places.get(row);
        if (at !== undefined) values.set(rows.subarray(at * columns, (at + 1) * columns));
      };
    },
  };
}

function veraRecipe(shapes: PartShapes, scale: number): Recipe | null {
  if (!shapes.are('vera_lambda_b', 'vera_lambda_d', 'vera_A', 'vera_B')) return null;
  const out = shapes.side('vera_lambda_b', 0);
  return {
    out,
    in: null,
    make: (factors, base) => {
      const { left, right } = ofVera(factors, base.columns);
      return added(left, right, scale);
    },
  };
}

/** LoRA under one of its names: the parts, the weight that they fit, and their product. */
interface ThinForm {
  parts: readonly string[];
  out: (shapes: PartShapes) => number;
  in: (shapes: PartShapes) => number;
  of: (factors: Factors) => ThinProduct;
}
const PEFT: ThinForm = {
  parts: ['lora_A', 'lora_B'],
  out: (shapes) => shapes.side('lora_B', 0),
  in: (shapes) => shapes.rest('lora_A'),
  of: ofLora,
};
const THIN: readonly ThinForm[] = [
  PEFT,
  { ...PEFT, parts: ['lora_A', 'lora_B', 'lora_E'], of: ofAdaLora },
  {
    ...PEFT,
    parts: ['lora_A', 'lora_B', 'lora_mid'],
    in: (shapes) => (shapes.side('lora_A', 1) * shapes.rest('lora_mid')) / shapes.side('lora_A', 0),
    of: ofLocon,
  },
  {
    parts: ['lora_embedding_A', 'lora_embedding_B'],
    out: (shapes) => shapes.side('lora_embedding_A', 1),
    in: (shapes) => shapes.side('lora_embedding_B', 0),
    of: ofEmbedding,
  },
];
const MLX: ThinForm = {
  parts: ['lora_a', 'lora_b'],
  out: (shapes) => shapes.side('lora_b', 1),
  in: (shapes) => shapes.side('lora_a', 0),
  of: (factors) => ofMlx(factors, false),
};
const MLX_EMBEDDING: ThinForm = {
  parts: MLX.parts,
  out: MLX.in,
  in: MLX.out,
  of: (factors) => ofMlx(factors, true),
};

/** A product of two thin factors, with DoRA's lengths if it has any. */
function thinRecipe(
  { parts, module, settings }: AdapterModule,
  shapes: PartShapes,
  scale: number,
  kept: InitialFactors,
): Recipe | string | null {
  const lengths = ['lora_magnitude_vector', 'dora_scale'].find((name) => parts.has(name));
  // What MLX's factors are depends on what they are of.
  const mlx = isEmbedding(module) ? MLX_EMBEDDING : MLX;
  const form = [...THIN, mlx].find(
    (one) =>
      parts.size === one.parts.length + (lengths === undefined ? 0 : 1) && one.parts.every((name) => parts.has(name)),
  );
  if (!form || shapes.shape('lora_a').length > 2) return null;
  if (isGrouped(parts)) return 'a convolution in groups is not computed by this version';
  const { of } = form;
  const found = { out: form.out(shapes), in: form.in(shapes) };
  const initialisation = initialisationOf(settings?.initialisation ?? 'true');
  if (initialisation !== null) {
    if (lengths !== undefined || form !== PEFT)
      return `its initialisation (${settings?.initialisation}) changed the base, and is not worked out for factors of this kind`;
    const rank = shapes.side('lora_A', 0);
    const make: Recipe['make'] = async (factors, base, signal) => {
      const { left, right } = of(factors);
      return without(await kept.of(parts, initialisation, base, rank, scale, signal), added(left, right, scale));
    };
    return { ...found, make, needsWhole: true };
  }
  if (lengths === undefined) {
    const make: Recipe['make'] = (factors) => {
      const { left, right } = of(factors);
      return added(left, right, scale);
    };
    return { ...found, make, thin: { scale, of } };
  }
  // PEFT's DoRA of an embedding has a length for each column; so has LyCORIS's if its scales lie along the inputs.
  const byColumns =
    parts.has('lora_embedding_A') || (lengths === 'dora_scale' && shapes.side(lengths, 0) === 1 && found.out !== 1);
  return {
    ...found,
    needsWhole: byColumns,
    make: (factors, base, signal) =>
      byColumns
        ? withColumnMagnitudes(of(factors), scale, need(factors, lengths), base, signal)
        : withMagnitudes(of(factors), scale, need(factors, lengths)),
  };
}

/** Directions of an update that is taken as a product of thin factors: their QRs cost the square of it. */
const MOST_THIN = 256;
const isThin = (rank: number): boolean => rank > 0 && rank <= MOST_THIN;

function productRecipe({ parts }: AdapterModule, shapes: PartShapes, scale: number): Recipe | null {
  if (shapes.are('hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b'))
    return {
      out: shapes.side('hada_w1_a', 0),
      in: shapes.rest('hada_w1_b'),
      make: (factors) => hadamard(factors, scale),
      ...(isThin(shapes.side('hada_w1_b', 0) * shapes.side('hada_w2_b', 0)) ? { thin: { scale, of: ofLoha } } : {}),
    };
  if (![...parts.keys()].every((name) => /^lokr_w[12](_[ab])?$/.test(name))) return null;
  const outs = (name: string): number => shapes.side(parts.has(name) ? name : `${name}_a`, 0);
  const ins = (name: string): number => shapes.rest(parts.has(name) ? name : `${name}_b`);
  const rankIn = (name: string): number =>
    parts.has(name) ? Math.min(outs(name), ins(name)) : shapes.side(`${name}_b`, 0);
  return {
    out: outs('lokr_w1') * outs('lokr_w2'),
    in: ins('lokr_w1') * ins('lokr_w2'),
    make: (factors) => kronecker(factors, scale),
    ...(isThin(rankIn('lokr_w1') * rankIn('lokr_w2')) ? { thin: { scale, of: ofLokr } } : {}),
  };
}

/** A table that turns tokens into rows; a head, which is one too, is stored and applied as any other matrix. */
function isEmbedding(module: string): boolean {
  return isTokenTable(module.slice(module.lastIndexOf('.') + 1)) && !/head|output/.test(module);
}
