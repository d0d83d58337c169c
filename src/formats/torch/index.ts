/** PyTorch's files, read without Python and without running anything. */
import type { ByteSource } from '../../bytes/index.ts';
import type { Format, Header } from '../format.ts';
import { IMPOSTOR_BYTES, impostorOf } from '../impostors.ts';
import { ProblemList, quoted } from '../problems.ts';
import { readArchive, SAVE_STATE, TorchError, type Archive } from './archive.ts';
import { headerOf } from './entries.ts';
import { readLegacy } from './legacy.ts';
import { report } from './report.ts';
import { walk } from './walk.ts';

const RENEW = 'Download or copy the file again.';
/** What trainers write beside the weights. */
const ASIDE =
  /^(optimizer|scheduler|scaler|training_args|rng_state(_\d+)?|random_states_\d+|(optim|extra_state)_world_size_.*|.*optim_states|distrib_optim)\.(bin|pt|pth)$/i;

export const torch: Format = {
  title: 'PyTorch',
  suffixes: ['.bin', '.pt', '.pth', '.ckpt'],
  stems: ['pytorch_model', 'diffusion_pytorch_model', 'adapter_model', 'model', 'consolidated'],
  shared: true,
  leadingBytes: 4,
  claims: (head) => isZip(head) || isPickle(head),
  isAside: (name) => ASIDE.test(name),
  readHeader,
};

function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}
/** PROTO of protocols 2 to 5; older ones begin with an operation and no sign of what they are. */
function isPickle(head: Uint8Array): boolean {
  return head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;
}

/** Reads the directory and the pickle, and no weights. */
async function readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header> {
  const problems = new ProblemList(file);
  const none = (): Header => ({ entries: new Map(), metadata: new Map(), headerBytes: 0, problems: problems.list() });
  const { sizeBytes } = source;
  if (sizeBytes === 0) {
    problems.add('error', 'empty-file', 'the file is empty.', RENEW);
    return none();
  }
  const head = new Uint8Array(Math.min(sizeBytes, IMPOSTOR_BYTES));
  await source.read(0, head, signal);
  if (!isZip(head) && !isPickle(head)) {
    const impostor = impostorOf(head, sizeBytes);
    if (impostor) {
      problems.add('error', impostor.code, impostor.text, impostor.advice);
      return none();
    }
    if (head.every((byte) => byte === 0)) {
      const text = `the file begins with ${head.length} zeros: its space was laid out, its content never came.`;
      problems.add('error', 'unfinished-download', text, 'The download or copy was not finished: start it again.');
      return none();
    }
  }
  try {
    const archive = isZip(head) ? await readArchive(source, signal) : await readLegacy(source, signal);
    if (archive.bigEndian)
      problems.add(
        'error',
        'big-endian',
        'its numbers are big-endian, which is not read; the tensors are listed only.',
        SAVE_STATE,
      );
    const locate = (key: string) =>
      archive.bigEndian
        ? 'its numbers are big-endian'
        : (archive.storages.get(key) ?? `its storage ${quoted(key)} is not in the file`);
    const walked = walk(archive.value, rankOf(file));
    return headerOf(walked, locate, { fileBytes: sizeBytes, headerBytes: archive.headerBytes }, problems);
  } catch (error) {
    report(error, problems);
    return none();
  }
}

/** What torch.save wrote, of either kind. Throws TorchError, PickleError, ZipError, read-failed and cancelled. */
export async function readSaved(source: ByteSource, signal?: AbortSignal): Promise<Archive> {
  const head = new Uint8Array(Math.min(source.sizeBytes, 4));
  await source.read(0, head, signal);
  if (isZip(head)) return readArchive(source, signal);
  if (isPickle(head)) return readLegacy(source, signal);
  throw new TorchError('not-torch', 'it is no file of torch.save.', 'Download or copy the file again.');
}

/** Of the process that wrote a file, by its name. */
export function rankOf(file: string): number | null {
  const digits = /(?:^|[_-])rank[_-]?(\d{1,6})\D/.exec(file)?.[1];
  return digits === undefined ? null : Number(digits);
}
