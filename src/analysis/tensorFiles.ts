/** Tensors into a new .safetensors file, or above 5 GB into shards and their index: streamed, all of it or nothing. */
import { basename, dirname, join } from 'node:path';
import { createOutput, refuseDestination, removeFile, writeWhole, type Output } from '../files/index.ts';
import { safetensorsHeader, type WrittenTensor } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';

/** As transformers splits checkpoints by default. */
export const SHARD_BYTES = 5_000_000_000;

const SUFFIX = '.safetensors';

export interface TensorFilesOptions {
  /** what the run reads: never written over */
  reads: readonly string[];
  signal: AbortSignal;
  /** data of a file, if more than one tensor fits */
  shardBytes?: number;
}

/** `discard` must follow in every case; after `commit` it does nothing. */
export class TensorFiles {
  private readonly outputs: Output[] = [];
  /** of the file that is written, yet to come */
  private left = 0;

  private constructor(
    private readonly shards: readonly { file: string; tensors: WrittenTensor[] }[],
    private readonly index: string | null,
    private readonly metadata: Readonly<Record<string, string>>,
    private readonly options: TensorFilesOptions,
  ) {}

  /** Throws bad-parameter if the destination is refused or does not end in ".safetensors". Nothing is written yet. */
  static async create(
    destination: string,
    tensors: readonly WrittenTensor[],
    metadata: Readonly<Record<string, string>>,
    options: TensorFilesOptions,
  ): Promise<TensorFiles> {
    await refuseTensorFile(destination, options.reads);
    const groups = inShards(tensors, options.shardBytes ?? SHARD_BYTES);
    const single = groups.length <= 1;
    const stem = join(dirname(destination), basename(destination).slice(0, -SUFFIX.length));
    const five = (n: number): string => String(n).padStart(5, '0');
    const shards = groups.map((tensors, i) => ({
      file: single ? destination : `${stem}-${five(i + 1)}-of-${five(groups.length)}${SUFFIX}`,
      tensors,
    }));
    const index = single ? null : `${destination}.index.json`;
    const { reads } = options;
    for (const { file } of shards) await refuseDestination(file, { reads, checkpoint: true });
    if (index !== null) await refuseDestination(index, { reads, index: true });
    return new TensorFiles(shards, index, metadata, options);
  }

  get files(): string[] {
    return [...this.shards.map(({ file }) => file), ...(this.index === null ? [] : [this.index])];
  }
  get sizeBytes(): number {
    return this.outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** The data of the tensors, one behind the other; a piece lies within one tensor. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    while (this.left === 0) await this.next();
    await this.outputs.at(-1)?.write(bytes);
    this.left -= bytes.length;
    if (this.left < 0) throw new OffaxisError('bug', 'More was written than the header says.');
  }

  /** Puts the files in their places, the index last. If one can't be, those before it are removed again. */
  async commit(): Promise<void> {
    while (this.outputs.length < this.shards.length && this.left === 0) await this.next();
    if (this.left !== 0) throw new OffaxisError('bug', 'Less was written than the header says.');
    const placed: string[] = [];
    try {
      for (const [i, output] of this.outputs.entries()) {
        await output.commit();
        placed.push(this.shards[i]?.file ?? '');
      }
      if (this.index !== null) {
        const { reads, signal } = this.options;
        await writeWhole(this.index, this.indexText(), { reads, signal, index: true });
      }
    } catch (error) {
      for (const file of placed) await removeFile(file).catch(() => undefined);
      throw error;
    }
  }

  async discard(): Promise<void> {
    for (const output of this.outputs) await output.discard();
  }

  /** Begins the next file. */
  private async next(): Promise<void> {
    const shard = this.shards[this.outputs.length];
    if (!shard) throw new OffaxisError('bug', 'More was written than the header says.');
    const { reads, signal } = this.options;
    const output = await createOutput(shard.file, { reads, signal, checkpoint: true });
    this.outputs.push(output);
    await output.write(safetensorsHeader(shard.tensors, this.metadata));
    this.left = shard.tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  private indexText(): string {
    const files = this.shards.flatMap(({ file, tensors }) =>
      tensors.map(({ name }) => [name, basename(file)] as const),
    );
    const total = this.shards.flatMap(({ tensors }) => tensors).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(files) };
    return `${JSON.stringify(index, null, 2)}\n`;
  }
}

/** Before the work: may a checkpoint be written there? Throws bad-parameter. */
export async function refuseTensorFile(destination: string, reads: readonly string[]): Promise<void> {
  if (!destination.endsWith(SUFFIX))
    throw new OffaxisError('bad-parameter', say`${destination} does not end in ${SUFFIX}. Choose a name that does.`);
  await refuseDestination(destination, { reads, checkpoint: true });
}

/** In order, each of at most `most` bytes unless one tensor has more. */
function inShards(tensors: readonly WrittenTensor[], most: number): WrittenTensor[][] {
  const shards: WrittenTensor[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size > 0 && size + tensor.sizeBytes > most) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)?.push(tensor);
    size += tensor.sizeBytes;
  }
  return shards;
}
