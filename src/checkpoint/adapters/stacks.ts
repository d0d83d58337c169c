/** Updates of stacks of experts: PEFT's `target_parameters`, MLX's LoRASwitchLinear. */
import type { AdapterModule } from './types.ts';
import { need, type Factor, type RowUpdate } from './factors.ts';
import { brokenParts } from './parts.ts';
import type { Recipe } from './recipes.ts';
import { isTargetOf, scaleOf, whyNoScale } from './scale.ts';
import { isSince, type AdapterConfig } from './settings.ts';

/** A stack of the base: [out, in] of one expert. */
export interface Stack {
  /** of the tensor */
  name: string;
  experts: number | null;
  out: number;
  in: number;
  /** stored [in, out] */
  turned: boolean;
}

/** In the order in which the modules of transformers register them: PEFT wraps the first one innermost. */
const REGISTERED = ['gate_up_proj', 'w13', 'gate_proj', 'w1', 'up_proj', 'w3', 'down_proj', 'w2'];

/** The module without the words that PEFT adds for every further parameter of it, and how many there are. */
export function nesting(module: string): { holder: string; depth: number } {
  const words = /(?:\.base_layer)*$/.exec(module)?.[0] ?? '';
  return { holder: module.slice(0, module.length - words.length), depth: words.length / '.base_layer'.length };
}

/**
 * The parameters of a module that an adapter changes, in the order of their wrapping: the names of the factors do not say which is which,
 * the innermost ("experts.base_layer.base_layer.lora_A") is the first.
 */
export function wrappedParameters(settings: AdapterConfig | null, holder: string): string[] {
  const own = (settings?.targetParameters ?? []).filter((parameter) => {
    const module = parameter.replace(/\.?[^.]+$/, '');
    return holder === module || holder.endsWith(`.${module}`);
  });
  const place = (name: string): number => (REGISTERED.includes(name) ? REGISTERED.indexOf(name) : REGISTERED.length);
  return own.map((name) => name.slice(name.lastIndexOf('.') + 1)).sort((a, b) => place(a) - place(b));
}

/** Full name of the parameter that these factors change, as far as the names tell: "layers.1.mlp.experts.down_proj". */
export function parameterName(settings: AdapterConfig | null, module: string): string {
  const { holder, depth } = nesting(module);
  if (!isTargetOf(settings, module)) return module;
  const names = wrappedParameters(settings, holder);
  const name = names[names.length - 1 - depth];
  return name === undefined ? module : `${holder}.${name}`;
}

/** How an adapter makes a stack of the base's, or the reason why it does not. */
export function stackRecipe(module: AdapterModule, stack: Stack): Recipe | string {
  const { parts, settings } = module;
  const experts = stack.experts ?? 1;
  const broken = brokenParts(parts);
  if (broken) return broken.reason;
  const scale = scaleOf({ ...module, module: stack.name, experts });
  if (scale === null) return whyNoScale(module);
  const [mlxA, mlxB] = [parts.get('lora_a')?.shape, parts.get('lora_b')?.shape];
  if (parts.size === 2 && mlxA?.length === 3 && mlxB?.length === 3) {
    const [all, rank = 0, inside = 0] = mlxA;
    const out = mlxB[1] ?? 0;
    if (all !== experts) return `its factors are of ${all} experts, and the base has ${experts}`;
    const make: Recipe['make'] = (factors) =>
      switched(need(factors, 'lora_a'), need(factors, 'lora_b'), [rank, out], scale);
    return { out, in: inside, make };
  }
  const [a, b] = [parts.get('lora_A')?.shape, parts.get('lora_B')?.shape];
  if (parts.size !== 2 || !a || !b)
    return `its parts (${[...parts.keys()].slice(0, 6).join(', ')}) are not computed for a stack of experts`;
  if ((a[0] ?? 0) % experts !== 0) return `its factors have ${a[0]} rows, which ${experts} experts do not share`;
  const [inside = 0, out = 0] = [a[1], b[0]];
  // Before 0.19 PEFT took a stack for [E, in, out], whichever it was.
  const swapped = inside === stack.out && out === stack.in;
  const turned = swapped && (inside !== out || (!isSince(settings?.peftVersion ?? null, 0, 19) && !stack.turned));
  return {
    out: turned ? inside : out,
    in: turned ? out : inside,
    make: (factors) => stacked(need(factors, 'lora_A'), need(factors, 'lora_B'), experts, scale, turned),
  };
}

/**
 * PEFT (tuners/lora/layer.py ParamWrapper.get_delta_weight): A [(e, k), in], B [out, (k, e)], D_e = s B_e A_e over [out, in]. `turned`: A
 * belongs to the outputs, as it does before 0.19 in a stack that is stored [E, out, in].
 */
export function stacked(a: Factor, b: Factor, experts: number, scale: number, turned: boolean): RowUpdate {
  const rank = a.rows / experts;
  const out = turned ? a.columns : b.rows;
  return (row, values) => {
    const [expert, output] = [Math.floor(row / out), row % out];
    for (let k = 0; k < rank; k++) {
      const [inA, inB] = [(expert * rank + k) * a.columns, k * experts + expert];
      const factor = scale * ((turned ? a.values[inA + output] : b.values[output * b.columns + inB]) as number);
      for (let j = 0; j < values.length; j++)
        values[j] =
          (values[j] as number) + factor * ((turned ? b.values[j * b.columns + inB] : a.values[inA + j]) as number);
    }
  };
}

/** MLX (mlx_lm/tuner/lora.py LoRASwitchLinear): lora_a [E, r, in], lora_b [E, out, r], D_e = s b_e a_e. `sides`: r, out. */
export function switched(a: Factor, b: Factor, [rank, out]: readonly [number, number], scale: number): RowUpdate {
  return (row, values) => {
    const [expert, output] = [Math.floor(row / out), row % out];
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b.values[(expert * out + output) * rank + k] as number);
      const start = (expert * rank + k) * values.length;
      for (let j = 0; j < values.length; j++)
        values[j] = (values[j] as number) + factor * (a.values[start + j] as number);
    }
  };
}
