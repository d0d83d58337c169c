/** What the names of DeepSpeed's files say (deepspeed/runtime/engine.py, `_get_rank_zero_ckpt_name` and `_get_ckpt_name`). */

export interface ZeroFiles {
  /** the weights and their shapes as one process saw them, by its rank; under null the one file that all of ZeRO-1 and 2 share */
  model: ReadonlyMap<number | null, string>;
  /** the flat partitions, by rank */
  optimizer: ReadonlyMap<number, string>;
  /** why they are not put together, if their names say so already */
  fault: string | null;
}

/** Of the folder's checkpoint as a path that opens: no file has it, and it means all of them. */
export const ZERO_SET = 'zero_pp_rank_*_mp_rank_00_optim_states.pt';

const MODEL = /^(?:zero_pp_rank_(\d{1,6})_)?mp_rank_(\d{1,4})_model_states\.pt$/;
const OPTIMIZER = /^(?:(?:bf16|fp16)_)?zero_pp_rank_(\d{1,6})_mp_rank_(\d{1,4})_?optim_states\.pt$/;
const OTHER = /_(model|optim)_states\.pt$/;

/** Of the names in a folder; null if it holds no ZeRO checkpoint. */
export function zeroFiles(names: readonly string[]): ZeroFiles | null {
  const model = new Map<number | null, string>();
  const optimizer = new Map<number, string>();
  let fault: string | null = null;
  for (const name of names) {
    const [ofModel, ofOptimizer] = [MODEL.exec(name), OPTIMIZER.exec(name)];
    const [, rank, tensorRank] = ofModel ?? ofOptimizer ?? [];
    if (tensorRank === undefined) {
      if (OTHER.test(name)) fault ??= `${name} holds experts or stages of their own, which are not put together`;
    } else if (Number(tensorRank) !== 0)
      fault ??= `${name} is a part of a model that was split by model parallelism, which is not put together`;
    else if (ofModel) model.set(rank === undefined ? null : Number(rank), name);
    else if (optimizer.has(Number(rank))) fault ??= `two files hold the partition of rank ${Number(rank)}`;
    else optimizer.set(Number(rank), name);
  }
  return model.size > 0 && optimizer.size > 0 ? { model, optimizer, fault } : null;
}

/** The name that the file of another rank has. */
export function nameOfRank(name: string, rank: number): string {
  return name.replace(/pp_rank_\d+/, `pp_rank_${rank}`);
}
