/** What an adapter is, for people and for JSON. */

/** An adapter: an update of a base, kept apart from it, or beside its weights in one file. */
export interface AdapterFacts {
  /** its usual name: "LoRA", "rsLoRA", "DoRA", "LoHa", "IA3" ... */
  kind: string;
  /** null if it has none, or its modules differ */
  rank: number | null;
  /** s of D = s B A; null if it is not known, or its modules differ */
  scale: number | null;
  /** `base_model_name_or_path`, as the config says it */
  base: string | null;
  /** the modules that it changes, without their layer */
  modules: string[];
  /** of all layers */
  matrices: number;
  /** the base's weights lie in the same file: a whole model whose update was not merged */
  unmerged: boolean;
}
