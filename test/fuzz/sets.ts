/**
 * Sets of files that processes wrote together, with one of them damaged or gone: what is put together of all of them lies in files that
 * are there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slicedRows } from '../../src/checkpoint/slices.ts';
import { ProblemList, readHeader, readZero, zeroFiles, type Header } from '../../src/formats/index.ts';
import { OffaxisError } from '../../src/protocol/errors.ts';
import { memorySource } from '../unit/formats/build.ts';
import { zeroFolder } from '../unit/formats/zeroBuild.ts';
import { between, damaged, placesFault } from './binary.ts';
import type { Target } from './target.ts';

type Files = ReadonlyMap<string, Uint8Array>;
/** Of all files as one; `file`: in which the entries without a file of their own lie. */
type ReadSet = (files: Files) => Promise<{ header: Header; file?: string }>;

/** ZeRO 1 to 3 of DeepSpeed. */
export function zeroTarget(): Target {
  const folders = ([1, 2, 3] as const).map((stage) => zeroFolder(stage));
  return setTarget('zero', 'three stages, laid out as its zero_to_fp32.py takes them apart', folders, async (files) => {
    const found = zeroFiles([...files.keys()]);
    // Without the only file that has the names it is no set of ZeRO's.
    if (!found) return { header: refused('zero-none', 'No set of ZeRO.') };
    const header = await readZero(found, (file, work) => {
      const bytes = files.get(file);
      if (!bytes) throw new OffaxisError('bad-file', 'There is no such file.');
      return work(memorySource(bytes));
    });
    return { header, file: header.file };
  });
}

/** Ranks of FSDP, as verl and SkyRL keep them. */
export function ranksTarget(root: string): Target {
  const folder = join(root, 'test', 'fixtures', 'formats', 'torch', 'fsdp-verl');
  const names = [0, 1].map((rank) => `model_world_size_2_rank_${rank}.pt`);
  const set = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return setTarget('ranks', 'two ranks, as verl writes them', [set], async (files) => {
    const shards = await Promise.all(
      [...files].map(async ([file, bytes]) => {
        const header = await readHeader(memorySource(bytes), file);
        return { file, sizeBytes: bytes.length, header };
      }),
    );
    const problems = new ProblemList('');
    const { tensors, sliced, whole } = slicedRows(shards, false, problems) ?? {};
    const found = shards.flatMap(({ header }) => header.problems);
    const entries: Header['entries'] = new Map();
    for (const [name, { shape, boxes }] of sliced ?? []) {
      const { dtype, offset, sizeBytes } = tensors?.get(name) as NonNullable<
        ReturnType<NonNullable<typeof tensors>['get']>
      >;
      entries.set(name, { name, dtype, shape: [...shape], offset, sizeBytes, layout: { shape, boxes } });
    }
    const rest = whole === true ? [] : refused('not-whole', 'Not all of it is there.').problems;
    return { header: { ...refused('', ''), entries, problems: [...found, ...problems.list(), ...rest] } };
  });
}

const refused = (code: string, message: string): Header => ({
  ...{ entries: new Map(), metadata: new Map(), headerBytes: 0 },
  problems: [{ severity: 'error', code, message }],
});

function setTarget(name: string, note: string, sets: readonly Files[], read: ReadSet): Target {
  return {
    name,
    note,
    make(random) {
      const at = random.below(sets.length);
      const files = [...(sets[at] as Files).values()];
      const which = random.below(files.length);
      const bytes = files[which] as Uint8Array;
      const pickle = between(Buffer.from(bytes), 'data.pkl', 'PK\u0003\u0004');
      // Nothing behind the first two: the file is not there.
      return Buffer.concat([
        Uint8Array.of(at, which),
        ...(random.chance(0.05) ? [] : [damaged(random, bytes, [pickle])]),
      ]);
    },
    async run(input) {
      const files = new Map(sets[input[0] ?? 0]);
      const [damagedOne = ''] = [...files.keys()].slice(input[1] ?? 0);
      if (input.length > 2) files.set(damagedOne, input.slice(2));
      else files.delete(damagedOne);
      const { header, file: own = '' } = await read(files);
      const accepted = !header.problems.some(({ severity }) => severity === 'error');
      const bytesOf = (file = own): number => files.get(file)?.length ?? 0;
      const all = [...files.values()].reduce((sum, { length }) => sum + length, 0);
      return { accepted, rejections: header.problems, fault: placesFault(header, bytesOf, all) };
    },
    close: () => Promise.resolve(),
  };
}
