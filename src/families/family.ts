/** What a naming family is: data about the names and the layout of one kind of model. */

/**
 * How the rows of a fused matrix split. `qkv`: query, key, value one behind the other. `qkv-by-group`: for each key/value head its query
 * heads, its key, its value. `gate-up`: two halves. `gate-up-alternating`: gate rows are the even ones, up rows the odd ones.
 */
export type Fusion = 'qkv' | 'qkv-by-group' | 'gate-up' | 'gate-up-alternating';

/** What a column of the pages shows, in the order of the data's path through a block. */
export const STAGES = ['query', 'key', 'value', 'qkv', 'out', 'router', 'gate', 'gateUp', 'up', 'down'] as const;
export type Stage = (typeof STAGES)[number];

export interface Family {
  /** as people call it */
  readonly title: string;
  /** `model_type`s of config.json that are saved this way */
  readonly modelTypes: readonly string[];
  /** A full name that no other family has: it tells the family if config.json is not there, or names a type that no family knows. */
  readonly mark?: RegExp;
  /** Buffers of the code and state of the storage: no weights. Tested on the name without wrappers and prefixes. */
  readonly buffers?: readonly string[];
  /** Words before a layer's number that are left out of the module, since such a model has no other layers. */
  readonly soleTowers?: readonly string[];
  /** First parts of modules outside the layers: embeddings that do not say "embed", and output heads. */
  readonly embeddings?: readonly string[];
  readonly heads?: readonly string[];
  /** last part of a module, or its last two, to how its rows split; `qkv-by-group` and `gate-up-alternating` only in models of the family */
  readonly fused?: Readonly<Record<string, Fusion>>;
  /** Ends of modules that hold a stack of experts [E, a, b] without the word "experts" in their path. */
  readonly stacks?: readonly string[];
  /** how experts lie in a stack, if the model's width does not tell */
  readonly expertsStored?: 'in-out';
  /** ends of modules that are stored [in, out] in the model types named */
  readonly conv1d?: { readonly modules: readonly string[]; readonly modelTypes: readonly string[] };
  /** Parts of a path under another way of saving: "block_sparse_moe" is "mlp". */
  readonly segments?: Readonly<Record<string, string>>;
  /** last parts of an expert's tensors under another way of saving: "w1" is "gate_proj" */
  readonly expertLeaves?: Readonly<Record<string, string>>;
  /** Whole ends of modules under another way of saving, only in models of this family: applied before `segments`. */
  readonly renames?: Readonly<Record<string, string>>;
  /** what stands in a layer, or outside of all, by the name that Hugging Face's conversion gives it: such models are published under both */
  readonly published?: Readonly<Record<string, string>>;
  /** Ends of modules whose rows turn together two by two, 2i with 2i + 1 of a head; everywhere else i turns with i + half the head. */
  readonly rotaryPairs?: readonly string[];
  /** short names of modules, one or two last parts without "_proj", by what they do */
  readonly columns?: Readonly<Partial<Record<Stage, readonly string[]>>>;
  /** ends of modules whose rows (query; key and value) or columns (out) divide into heads */
  readonly headSides?: Readonly<Partial<Record<'query' | 'keyValue' | 'out', readonly string[]>>>;
  /** Its norms are stored as w - 1, and start at zero. */
  readonly normsFromZero?: boolean;
  readonly cache?: CacheRule;
}

/** What a model keeps of earlier tokens, if it is not keys and values of every token in every layer. */
export interface CacheRule {
  /** model types that read the whole input at once and keep nothing */
  readonly none?: readonly string[];
  /** model types whose published configs name a window that every layer has */
  readonly windowed?: readonly string[];
  /** keys of config.json that tell of another state, with what it is */
  readonly otherState?: readonly (readonly [key: RegExp, what: string])[];
}
