/** A Diffusers pipeline: its components in one, the name of each in front of its tensors' names. */
import { basename } from '../bytes/index.ts';
import type { FileStamp } from '../bytes/index.ts';
import { ProblemList } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import { estimateMemory } from './memory.ts';
import type { Claim } from './quantised/index.ts';
import { factsOfQuantisation } from './quantised/open.ts';
import type { Checkpoint } from './types.ts';

/**
 * `folders`: of the components; `open` opens one. A component that cannot be opened is a problem; if none can, its error is thrown.
 * Each has a config of its own, so the whole has none: fused matrices stay whole here, and a component opens by itself.
 */
export async function openPipeline(
  path: string,
  folders: readonly string[],
  open: (folder: string) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  const problems = new ProblemList(path);
  const parts: { name: string; checkpoint: Checkpoint }[] = [];
  let failure: unknown;
  for (const folder of folders) {
    try {
      parts.push({ name: basename(folder), checkpoint: await open(folder) });
    } catch (error) {
      if (!(error instanceof OffaxisError) || error.code === 'cancelled') {
        await Promise.all(parts.map(({ checkpoint }) => checkpoint.close()));
        throw error;
      }
      failure = error;
      problems.add('error', 'component-not-opened', `${basename(folder)} was left out: ${error.message}`, '');
    }
  }
  if (parts.length === 0) throw failure;
  const names = parts.map(({ name }) => name).join(', ');
  problems.add('info', 'pipeline', `this is a Diffusers pipeline; its components were opened together: ${names}.`, '');
  return together(path, parts, problems.list());
}

/** A component's row among those of the pipeline. */
function within(name: string, row: TensorRow): TensorRow {
  const { quantised } = row;
  return {
    ...row,
    name: `${name}.${row.name}`,
    module: `${name}.${row.module}`,
    file: `${name}/${row.file}`,
    ...(quantised
      ? { quantised: { ...quantised, codes: `${name}.${quantised.codes}`, weight: `${name}.${quantised.weight}` } }
      : {}),
  };
}

function together(
  path: string,
  parts: readonly { name: string; checkpoint: Checkpoint }[],
  problems: Problem[],
): Checkpoint {
  const tensors = new Map<string, TensorRow>();
  const origin = new Map<string, { checkpoint: Checkpoint; row: TensorRow }>();
  const stamps = new Map<string, FileStamp>();
  const quantised = new Map<string, Claim>();
  for (const { name, checkpoint } of parts) {
    for (const row of checkpoint.tensors.values()) {
      const own = within(name, row);
      tensors.set(own.name, own);
      origin.set(own.name, { checkpoint, row });
    }
    for (const [codes, claim] of checkpoint.quantised) {
      const { decoder } = claim;
      quantised.set(`${name}.${codes}`, {
        ...claim,
        sides: claim.sides.map((side) => within(name, side)),
        // Its rows are the component's, under the names there.
        decoder: typeof decoder === 'string' ? decoder : () => decoder((...read) => checkpoint.read(...read)),
      });
    }
    for (const [file, stamp] of checkpoint.stamps) stamps.set(`${name}/${file}`, stamp);
    for (const problem of checkpoint.problems)
      problems.push({
        ...problem,
        message: `${name}/${problem.message}`,
        ...(problem.file === undefined ? {} : { file: `${name}/${problem.file}` }),
        ...(problem.tensor === undefined ? {} : { tensor: `${name}.${problem.tensor}` }),
      });
  }
  const all = parts.map(({ checkpoint }) => checkpoint);
  const sum = (of: (checkpoint: Checkpoint) => number): number => all.reduce((total, one) => total + of(one), 0);
  const dtypes: Record<string, number> = {};
  for (const { facts } of all)
    for (const [dtype, count] of Object.entries(facts.dtypes)) dtypes[dtype] = (dtypes[dtype] ?? 0) + count;
  const metadata = parts.flatMap(({ name, checkpoint }) =>
    Object.entries(checkpoint.facts.metadata).map(([key, value]) => [`${name}.${key}`, value] as const),
  );
  return {
    path,
    folder: path,
    facts: {
      path,
      adapter: null,
      format: `safetensors, ${parts.length} components`,
      sizeBytes: sum(({ facts }) => facts.sizeBytes),
      headerBytes: sum(({ facts }) => facts.headerBytes),
      parameters: all.some(({ facts }) => facts.parameters === null) ? null : sum(({ facts }) => facts.parameters ?? 0),
      quantisation: factsOfQuantisation(tensors.values()),
      dtypes,
      shards: parts.flatMap(({ name, checkpoint }) =>
        checkpoint.facts.shards.map((shard) => ({ ...shard, file: `${name}/${shard.file}` })),
      ),
      metadata: Object.fromEntries(metadata),
      config: null,
      problems,
      memory: estimateMemory(tensors.values(), null, null),
      tensors: [...tensors.values()],
    },
    config: null,
    stated: null,
    family: null,
    adapter: null,
    tensors,
    quantised,
    problems,
    stamps,
    async read(tensor, offset, target, signal) {
      const from = origin.get(tensor.name);
      if (!from) throw new OffaxisError('bug', `${path} has no tensor ${JSON.stringify(tensor.name)}.`);
      await from.checkpoint.read(from.row, offset, target, signal);
    },
    async verify() {
      for (const checkpoint of all) await checkpoint.verify();
    },
    async rest() {
      for (const checkpoint of all) await checkpoint.rest();
    },
    async close() {
      for (const checkpoint of all) await checkpoint.close();
    },
  };
}
