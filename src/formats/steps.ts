/** What names say of a step of a run: the folders and files that trainers save as they go. */

/** "step-100", "checkpoint-100", "global_step_100", "iter_0000100", "epoch-3", slime's "weight_v000100", SkyRL's "delta-00000100"; MLX writes "0000100_adapters.safetensors". */
const FOLDER = /^(global_?step|step|checkpoint|iter|epoch|weight_v|delta)[-_]?(\d{1,15})$/i;
const FILE = /^(\d{1,15})_(adapters)(?:\.safetensors)?$/i;

/** The same in a sentence for the reader. */
export const STEP_NAMES = 'step-*, checkpoint-*, global_step_*, iter_*, epoch-*, weight_v*, delta-* or *_adapters';

export interface StepName {
  step: number;
  /** which way of naming: steps of two kinds do not count the same thing */
  kind: string;
}

/** Null if the name tells no step. */
export function stepName(name: string): StepName | null {
  const folder = FOLDER.exec(name);
  if (folder) return { step: Number(folder[2]), kind: (folder[1] ?? '').toLowerCase().replace('_', '') };
  const file = FILE.exec(name);
  return file ? { step: Number(file[1]), kind: 'adapters' } : null;
}
