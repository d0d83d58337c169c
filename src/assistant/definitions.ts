/** The tools as a model sees them. package.json repeats name and schema for VS Code; a test holds the two together. */
import { STEP_NAMES } from '../formats/index.ts';
import { DEFAULT_TOKENS, MAX_TOKENS, MIN_TOKENS } from './budget.ts';

export type ToolName =
  | 'offaxis_inspect_checkpoint'
  | 'offaxis_compare_checkpoints'
  | 'offaxis_compare_runs'
  | 'offaxis_compare_steps'
  | 'offaxis_find_tensors'
  | 'offaxis_verify_checkpoints';
export interface InputSchema {
  [key: string]: unknown;
  type: 'object';
  properties: Record<string, { type: string; description: string; [key: string]: unknown }>;
  required: string[];
  additionalProperties: false;
}
export interface ToolDefinition {
  name: ToolName;
  title: string;
  /** for the model */
  description: string;
  inputSchema: InputSchema;
}

export const ROLES = ['block', 'embedding', 'head', 'norm', 'bookkeeping', 'other'] as const;
export const COMPARE_SORTS = ['relativeUpdate', 'nss', 'angle', 'offPrincipal', 'unchanged', 'file'] as const;

const path = {
  type: 'string',
  description:
    'The file of a checkpoint (.safetensors, .gguf, .pt, .bin, .npz), its .index.json, or its folder; absolute, or relative to the workspace.',
} as const;
const glob = (what: string) =>
  ({
    type: 'string',
    description: `${what} whose name matches: * is any run of characters, a comma separates alternatives.`,
  }) as const;
const maxTokens = {
  type: 'integer',
  minimum: MIN_TOKENS,
  maximum: MAX_TOKENS,
  description: `Tokens that the result may take (default ${DEFAULT_TOKENS}). What is left out is said.`,
} as const;
const offset = {
  type: 'integer',
  minimum: 0,
  description: 'Rows to pass over: to go on where a result was cut.',
} as const;

/** Checkpoints beside each other in one call. */
export const MAX_SEVERAL = 64;
const several = {
  tensors: glob('Only tensors'),
  spectra: {
    type: 'boolean',
    description: 'Spectra and shared directions too (default true). false: what changed, in one pass over the files.',
  },
  allowLong: {
    type: 'boolean',
    description: 'Compute spectra that take more than about two minutes on two cores.',
  },
  offset,
  maxTokens,
} as const;

export const TOOLS: readonly ToolDefinition[] = [
  {
    name: 'offaxis_inspect_checkpoint',
    title: 'Inspect Checkpoint',
    description:
      'Says what a safetensors model checkpoint holds: format, parameters, types, shards, config, problems of the file, memory to load and to serve, and its modules over the layers. On request: statistics of tensors, singular spectra with the figure of pure noise beside each, and a scan of every weight for NaN, dead rows, duplicates, overflow and scales out of line. Reads only. Use it before comparing; use offaxis_find_tensors to find names.',
    inputSchema: {
      type: 'object',
      properties: {
        path,
        tensors: glob('For statistics and spectra: only tensors'),
        statistics: {
          type: 'boolean',
          description: 'Mean, std, extremes and zeros of every tensor. Reads the tensors.',
        },
        spectra: {
          type: 'boolean',
          description:
            'Singular-value figures of the matrices. Costs time that grows with the cube of their side: narrow it with tensors.',
        },
        scan: { type: 'boolean', description: 'Scan every weight for problems. Reads the whole checkpoint.' },
        allowLong: {
          type: 'boolean',
          description: 'Compute spectra that take more than about two minutes on two cores.',
        },
        offset,
        maxTokens,
      },
      required: ['path'],
      additionalProperties: false,
    },
  },
  {
    name: 'offaxis_compare_checkpoints',
    title: 'Compare Checkpoints',
    description:
      'Shows what training did between a base and a tuned safetensors checkpoint of one model, layer by layer: weights unchanged in bf16, size of the update, spectral shift (NSS), principal angles, and off-principal alignment, each beside what noise or rounding alone would give. Reads only. A difference from a null that the result calls "like noise" is not a finding.',
    inputSchema: {
      type: 'object',
      properties: {
        base: { ...path, description: `Before training. ${path.description}` },
        tuned: { ...path, description: `After training. ${path.description}` },
        tensors: glob('Only tensors'),
        spectra: {
          type: 'boolean',
          description:
            'Spectra, angles and alignment (default true). false: only how much changed, in one pass over both files.',
        },
        twin: {
          type: 'boolean',
          description:
            'Beside the figures of the matrices those of noise of the same size, stored alike (default false): two thirds more work.',
        },
        sortBy: {
          type: 'string',
          enum: [...COMPARE_SORTS],
          description: 'Order of the rows, largest first (default relativeUpdate; file: as stored).',
        },
        allowLong: {
          type: 'boolean',
          description: 'Compute spectra that take more than about two minutes on two cores.',
        },
        offset,
        maxTokens,
      },
      required: ['base', 'tuned'],
      additionalProperties: false,
    },
  },
  {
    name: 'offaxis_compare_runs',
    title: 'Compare Runs',
    description:
      'Sets two or more tuned checkpoints or adapters of one base beside each other (seeds, recipes, candidates for a merge): how far each moved, and of every two the cosine of their updates, the agreement of their signs, the weights that both changed and the directions that they share, each beside what independent runs would give. Reads only. For one tuned checkpoint use offaxis_compare_checkpoints, for the steps of one run offaxis_compare_steps.',
    inputSchema: {
      type: 'object',
      properties: {
        base: { ...path, description: `Before training. ${path.description}` },
        tuned: {
          type: 'array',
          items: { type: 'string' },
          minItems: 2,
          maxItems: MAX_SEVERAL,
          description: `After training, two or more. Each: ${path.description}`,
        },
        ...several,
      },
      required: ['base', 'tuned'],
      additionalProperties: false,
    },
  },
  {
    name: 'offaxis_compare_steps',
    title: 'Compare Steps',
    description:
      'Follows the checkpoints along one training run: how far the weights went from the base, how straight their path is, how much of it lies in one direction, and how linear single weights are, each beside a random walk of the same increments. What is not above its walk is not a finding. Reads only.',
    inputSchema: {
      type: 'object',
      properties: {
        base: { ...path, description: `Before training, step 0. ${path.description}` },
        steps: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          maxItems: MAX_SEVERAL,
          description: `Checkpoints named ${STEP_NAMES}, a folder that holds such, or "STEP=PATH" for any other; absolute, or relative to the workspace.`,
        },
        ...several,
      },
      required: ['base', 'steps'],
      additionalProperties: false,
    },
  },
  {
    name: 'offaxis_find_tensors',
    title: 'Find Tensors',
    description:
      'Lists tensors of a safetensors checkpoint by name, type, role, layer or size, from its headers alone: fast, whatever the size of the checkpoint. Reads only.',
    inputSchema: {
      type: 'object',
      properties: {
        path,
        name: glob('Only tensors'),
        dtype: { type: 'string', description: 'Storage type, as BF16 or F32.' },
        role: { type: 'string', enum: [...ROLES], description: 'block: a weight inside the layers.' },
        layerFrom: { type: 'integer', minimum: 0, description: 'First layer.' },
        layerTo: { type: 'integer', minimum: 0, description: 'Last layer, itself included.' },
        minParameters: { type: 'integer', minimum: 0, description: 'Only tensors of at least so many weights.' },
        sortBy: {
          type: 'string',
          enum: ['file', 'size', 'name'],
          description: 'Default file: as stored. size: largest first.',
        },
        offset,
        maxTokens,
      },
      required: ['path'],
      additionalProperties: false,
    },
  },
  {
    name: 'offaxis_verify_checkpoints',
    title: 'Verify Checkpoints',
    description:
      'Says whether two safetensors checkpoints hold the same weights, after names and layouts are made to agree (fused against split, stacked against single experts, prefixes): per tensor equal bits, equal values, or the first weight that differs and the largest difference. For conversions, merges, uploads and checkpoints that were written back. Reads both whole, and only reads. For what training did, use offaxis_compare_checkpoints.',
    inputSchema: {
      type: 'object',
      properties: {
        a: { ...path, description: `The one checkpoint. ${path.description}` },
        b: { ...path, description: `The other one. ${path.description}` },
        relativeTolerance: {
          type: 'number',
          minimum: 0,
          description: 'Weights may differ by this times that of b (default 0).',
        },
        absoluteTolerance: { type: 'number', minimum: 0, description: 'And by this (default 0).' },
        offset,
        maxTokens,
      },
      required: ['a', 'b'],
      additionalProperties: false,
    },
  },
];
