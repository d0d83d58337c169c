/** Command lines of what holds two checkpoints against each other bit by bit, and of what is written from that. */
import { DEFAULT_RHO, MASK_KINDS, type MaskRequest } from '../protocol/mask.ts';
import type { ApplyRequest, DiffRequest } from '../protocol/patch.ts';
import { DEFAULT_PARAMETERS } from '../protocol/results.ts';
import {
  ENGINE,
  engine,
  expectPositionals,
  parse,
  positive,
  UsageError,
  type EngineOptions,
  type OutputOptions,
} from './options.ts';

/** What deltas were made on: an option of whatever reads them as weights. */
export const DELTA_BASE = { 'delta-base': { type: 'string' } } as const;
export function deltaBase(values: { 'delta-base'?: string | undefined }): { deltaBase?: string } {
  const path = values['delta-base'];
  return path === undefined ? {} : { deltaBase: path };
}

export type VerifyInvocation = {
  command: 'verify';
  a: string;
  b: string;
  deltaBase?: string;
  /** of the weight of B */
  relative: number;
  absolute: number;
} & OutputOptions &
  EngineOptions;

export type DiffInvocation = { command: 'diff' } & DiffRequest & EngineOptions;
export type ApplyInvocation = { command: 'apply' } & ApplyRequest & EngineOptions;

export type MaskInvocation = { command: 'mask' } & MaskRequest & EngineOptions;

const MASK = {
  ...ENGINE,
  ...DELTA_BASE,
  kind: { type: 'string' },
  alpha: { type: 'string' },
  'mask-rank': { type: 'string' },
  rho: { type: 'string' },
  tensors: { type: 'string' },
  packed: { type: 'boolean' },
  output: { type: 'string', short: 'o' },
} as const;
const COPY = { ...ENGINE, ...DELTA_BASE, output: { type: 'string', short: 'o' } } as const;
const VERIFY = {
  ...ENGINE,
  ...DELTA_BASE,
  rtol: { type: 'string' },
  atol: { type: 'string' },
  json: { type: 'string' },
} as const;

/** Null: help is asked for. Throws UsageError. */
export function parseVerify(argv: string[]): VerifyInvocation | null {
  const { values, positionals } = parse(argv, VERIFY);
  if (values.help) return null;
  const [a, b] = expectPositionals(positionals, ['A', 'B'], 'verify') as [string, string];
  return {
    command: 'verify',
    ...{ a, b, relative: tolerance(values.rtol, '--rtol'), absolute: tolerance(values.atol, '--atol') },
    json: values.json ?? null,
    csv: null,
    ...deltaBase(values),
    ...engine(values),
  };
}

function tolerance(text: string | undefined, option: string): number {
  const value = text === undefined ? 0 : Number(text);
  if (text?.trim() !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new UsageError(`${option} takes a number from 0, not "${text}".`);
}

/** Null: help is asked for. Throws UsageError. */
export function parseDiff(argv: string[]): DiffInvocation | null {
  const { values, positionals } = parse(argv, COPY);
  if (values.help) return null;
  const [base, tuned] = expectPositionals(positionals, ['BASE', 'TUNED'], 'diff') as [string, string];
  return {
    command: 'diff',
    ...{ base, tuned, destination: destination(values.output, 'PATCH') },
    ...deltaBase(values),
    ...engine(values),
  };
}

/** Null: help is asked for. Throws UsageError. */
export function parseApply(argv: string[]): ApplyInvocation | null {
  const { values, positionals } = parse(argv, COPY);
  if (values.help) return null;
  const [base, patch] = expectPositionals(positionals, ['BASE', 'PATCH'], 'apply') as [string, string];
  return {
    command: 'apply',
    ...{ base, patch, destination: destination(values.output, 'OUT') },
    ...deltaBase(values),
    ...engine(values),
  };
}

/** Of a file of tensors. */
export function destination(text: string | undefined, name: string): string {
  if (text) return text;
  throw new UsageError(`Say where to write: -o ${name}.safetensors`);
}

/** Null: help is asked for. Throws UsageError. */
export function parseMask(argv: string[]): MaskInvocation | null {
  const { values, positionals } = parse(argv, MASK);
  if (values.help) return null;
  const kind = MASK_KINDS.find((one) => one === values.kind);
  if (kind === undefined) throw new UsageError(`--kind is one of ${MASK_KINDS.join(', ')}.`);
  const names = kind === 'changed' ? ['BASE', 'TUNED'] : ['BASE'];
  const [base, tuned = null] = expectPositionals(positionals, names, `mask --kind ${kind}`);
  return {
    ...{ command: 'mask', base: base as string, tuned, kind },
    alpha: fraction(values.alpha, '--alpha', DEFAULT_PARAMETERS.alpha),
    rho: fraction(values.rho, '--rho', DEFAULT_RHO),
    maskRank: positive(values['mask-rank'], '--mask-rank'),
    tensors: values.tensors ?? null,
    packed: values.packed ?? false,
    destination: destination(values.output, 'MASK'),
    ...deltaBase(values),
    ...engine(values),
  };
}

function fraction(text: string | undefined, option: string, byDefault: number): number {
  const value = text === undefined ? byDefault : Number(text);
  if (value > 0 && value < 1) return value;
  throw new UsageError(`${option} must lie between 0 and 1, not "${text}".`);
}
