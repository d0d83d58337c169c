/** What a patch file says of itself, checked before anything is made of it: such files come from strangers. */
import type { Checkpoint } from '../../checkpoint/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { PATCH_KEY, type PatchRecipe, type PatchSource, type PatchTensor } from '../../protocol/patch.ts';
import type { StridedView } from '../../protocol/stridedView.ts';

type Fields = Record<string, unknown>;

/** Throws bad-file if the file is not a patch, or one of a later version or a damaged one. */
export function recipeOf(patch: Checkpoint): PatchRecipe {
  const text = patch.facts.metadata[PATCH_KEY];
  if (text === undefined)
    throw new OffaxisError('bad-file', `${patch.path} is not a patch: "offaxis diff BASE TUNED -o PATCH" writes one.`);
  try {
    return checked(JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Broken)
      throw new OffaxisError(
        'bad-file',
        `${patch.path} is a patch that this version can't read: ${error.message}. Make it again, or take the version that made it.`,
        { cause: error },
      );
    throw error;
  }
}

class Broken extends Error {}

function checked(value: unknown): PatchRecipe {
  const recipe = fields(value, 'recipe');
  if (recipe['schema'] !== 'offaxis.patch/1') throw new Broken(`its schema is ${JSON.stringify(recipe['schema'])}`);
  return {
    schema: 'offaxis.patch/1',
    base: texts(recipe['base'], 'base'),
    metadata: texts(recipe['metadata'], 'metadata'),
    tensors: list(recipe['tensors'], 'tensors').map(tensor),
    removed: list(recipe['removed'], 'removed').map((name) => text(name, 'removed')),
  };
}

function tensor(value: unknown): PatchTensor {
  const one = fields(value, 'tensor');
  return {
    name: text(one['name'], 'name'),
    dtype: text(one['dtype'], 'dtype'),
    shape: list(one['shape'], 'shape').map((side) => whole(side, 'shape')),
    sha256: text(one['sha256'], 'sha256'),
    from: one['from'] === null ? null : list(one['from'], 'from').map(source),
    changed: whole(one['changed'], 'changed'),
  };
}

function source(value: unknown): PatchSource {
  const one = fields(value, 'from');
  const tensor = text(one['tensor'], 'tensor');
  return one['view'] === undefined ? { tensor } : { tensor, view: view(one['view']) };
}

function view(value: unknown): StridedView {
  const one = fields(value, 'view');
  const number = (key: string): number => whole(one[key], key);
  const block = one['rowBlock'] === undefined ? null : fields(one['rowBlock'], 'rowBlock');
  const step = (from: Fields): { size: number; stride: number } => {
    const size = whole(from['size'], 'size');
    if (size === 0) throw new Broken('a block of no rows');
    return { size, stride: whole(from['stride'], 'stride') };
  };
  const inner = block?.['inner'] === undefined ? null : fields(block['inner'], 'inner');
  return {
    ...{ rows: number('rows'), columns: number('columns'), start: number('start') },
    ...{ rowStride: number('rowStride'), columnStride: number('columnStride') },
    ...(block ? { rowBlock: { ...step(block), ...(inner ? { inner: step(inner) } : {}) } } : {}),
  };
}

function fields(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Broken(`"${what}" is not an object`);
}
function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new Broken(`"${what}" is not a list`);
}
function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Broken(`"${what}" is not a text`);
}
function whole(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Broken(`"${what}" is not a whole number`);
}
function texts(value: unknown, what: string): Record<string, string> {
  const entries = Object.entries(fields(value, what)).map(([key, one]): [string, string] => [key, text(one, key)]);
  return Object.fromEntries(entries);
}
