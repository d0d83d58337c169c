/** What a checkpoint is, in a few lines. */
import type { CheckpointFacts } from '../protocol/engine.ts';
import { cacheBytes, cacheFormula } from '../protocol/health.ts';
import type { Problem } from '../protocol/results.ts';
import { sentenceForModel, visible } from '../text/show.ts';
import { bytes, DATA_NOTE, integer, plural, quoted, type } from './text.ts';

/** Problems named; the rest are counted. */
const PROBLEMS_SHOWN = 12;
const METADATA_SHOWN = 6;
const TYPES_SHOWN = 12;
const RANK = { error: 0, warning: 1, info: 2 } as const;

export function factLines(facts: CheckpointFacts): string[] {
  const { config, metadata, memory } = facts;
  const dtypes = Object.entries(facts.dtypes).map(([dtype, n]) => `${type(dtype)} ${n}`);
  const more = dtypes.splice(TYPES_SHOWN).length;
  if (more) dtypes.push(`${more} more types`);
  const missing = facts.tensors.filter((row) => row.missing).length;
  const lines = [
    `Checkpoint ${quoted(facts.path)}: ${facts.format}; ${plural(facts.tensors.length, 'tensor')}, ${facts.parameters === null ? 'packed weights that are not counted' : `${integer(facts.parameters)} parameters`}, ${bytes(facts.sizeBytes)}; ${dtypes.join(', ') || 'no types'}.`,
  ];
  for (const { text, tensors, parameters, reason } of facts.quantisation)
    lines.push(
      `Quantised: ${text}; ${plural(tensors, 'tensor')}${parameters === null ? '' : `, ${integer(parameters)} parameters`}${reason === null ? ', read with their scales' : `, left out: ${reason}`}.`,
    );
  if (missing) lines.push(`${plural(missing, 'tensor')} of missing shards: shapes and values unknown.`);
  if (config)
    lines.push(
      `Config: ${quoted(config.modelType ?? 'unknown type')}, ${config.layers ?? '?'} layers, width ${config.hiddenSize ?? '?'}, ${config.attentionHeads ?? '?'} heads, ${config.keyValueHeads ?? '?'} key/value heads of ${config.headDim ?? '?'}.`,
    );
  lines.push(`Memory, estimated (activations left out): weights ${bytes(memory.weightsBytes)}.`);
  const { cache } = memory;
  if (cache) {
    const at =
      cache.contextTokens === null
        ? ''
        : `, ${bytes(cacheBytes(cache, cache.contextTokens))} at ${integer(cache.contextTokens)} tokens`;
    lines.push(`KV cache, one sequence: ${bytes(cache.bytesPerToken)} a token${at} = ${cacheFormula(cache)}.`);
  } else lines.push(`KV cache: not estimated, ${visible(memory.reason ?? 'unknown')}.`);
  const entries = Object.entries(metadata);
  if (entries.length) {
    const shown = entries.slice(0, METADATA_SHOWN).map(([key, value]) => `${quoted(key)}: ${quoted(value)}`);
    lines.push(
      `Metadata: ${shown.join(', ')}${entries.length > METADATA_SHOWN ? `, ${entries.length - METADATA_SHOWN} more` : ''}.`,
    );
  }
  lines.push(DATA_NOTE);
  return lines;
}

/** Shards that are there and that nothing could be read of: under a shard's name may lie anything. */
export function unreadShards(...checkpoints: readonly CheckpointFacts[]): ReadonlySet<string> {
  const unread = new Set<string>();
  for (const { shards, tensors } of checkpoints) {
    const read = new Set(tensors.filter((row) => row.offset !== null).map(({ file }) => file));
    for (const { file, missing } of shards) if (!missing && !read.has(file)) unread.add(file);
  }
  return unread;
}
/** What is wrong, quoted. Of an unread shard its kind alone is told: the message for people says what stands in the file. */
export function problemText({ file, code, message }: Problem, unread: ReadonlySet<string>): string {
  const hidden = file !== undefined && unread.has(file);
  return sentenceForModel(hidden ? `${file}: it can't be read as a checkpoint (${code}).` : message, 500);
}

/** Worst first. `what` names what was looked at. */
export function problemLines(problems: readonly Problem[], what: string, unread: ReadonlySet<string>): string[] {
  if (problems.length === 0) return [`Problems in ${what}: none.`];
  const sorted = [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const rest = sorted.length - PROBLEMS_SHOWN;
  return [
    `Problems in ${what} (${sorted.length}):`,
    ...sorted
      .slice(0, PROBLEMS_SHOWN)
      .map((problem) => `- ${problem.severity}, ${problem.code}: ${problemText(problem, unread)}`),
    ...(rest > 0 ? [`- and ${rest} more; "offaxis check PATH --json -" lists all`] : []),
  ];
}
