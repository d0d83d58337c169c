/** A file whose data end in zeros: what a copy or a download leaves that laid out the space and never filled it. */
import { isBias, startsUniform, type Family } from '../families/index.ts';
import { quoted } from '../formats/index.ts';
import { numberType } from '../numbers/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Finding } from '../protocol/health.ts';
import { plain, shareText } from '../protocol/format.ts';

const PIECE_BYTES = 1024 * 1024;
/** 32 weights of 16 bits: half of a pruned matrix is zero, and so many in a row by chance once in 2^32. */
const MIN_TAIL_BYTES = 64;

type Read = (row: TensorRow, offset: number, target: Uint8Array) => Promise<void>;

/**
 * `rows`: all tensors of one file. Zeros that begin within a matrix, or fill several tensors that no training starts at zero, are an error;
 * a last tensor of zeros, or the padding rows of an embedding, are not. Reads from the end to the first byte that is not zero.
 */
export async function zeroTail(rows: readonly TensorRow[], family: Family | null, read: Read): Promise<Finding | null> {
  const held = rows
    .flatMap((row) => (row.offset === null || row.sizeBytes === 0 ? [] : [{ row, start: row.offset }]))
    .sort((a, b) => b.start - a.start);
  const whole: TensorRow[] = [];
  let within: { row: TensorRow; zeros: number } | null = null;
  let zeros = 0;
  for (const { row } of held) {
    const count = await zerosAtEnd(row, read);
    zeros += count;
    if (count === row.sizeBytes) {
      whole.push(row);
      continue;
    }
    if (count > 0) within = { row, zeros: count };
    break;
  }
  const lost = whole.filter((row) => !mayBeZero(row, family));
  // a norm does not end in zeros by itself, and with a tensor of zeros behind it the file does
  const inNorm = within?.row.role === 'norm' && lost.length > 0 && !mayBeZero(within.row, family);
  const cut = within !== null && (inNorm || isCut(within.row, within.zeros)) ? within.row : null;
  if (!cut && lost.length < 2) return null;
  const first = cut ?? (whole.at(-1) as TensorRow);
  const data = held.reduce((sum, { row }) => sum + row.sizeBytes, 0);
  const share = shareText(zeros / data, plain.num, 3, ' ');
  return {
    severity: 'error',
    code: 'zero-tail',
    message:
      `${first.file}: the last ${zeros} bytes of it, ${share} of its data, are zeros, from ${cut ? 'within ' : ''}${quoted(first.name)} on (${whole.length + (cut ? 1 : 0)} tensors). ` +
      'The copy or download was not finished: start it again.',
    file: first.file,
    tensor: first.name,
  };
}

async function zerosAtEnd(row: TensorRow, read: Read): Promise<number> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, row.sizeBytes));
  for (let end = row.sizeBytes; end > 0;) {
    const piece = buffer.subarray(0, Math.min(buffer.length, end));
    await read(row, end - piece.length, piece);
    let at = piece.length;
    while (at > 0 && piece[at - 1] === 0) at--;
    if (at > 0) return row.sizeBytes - (end - piece.length + at);
    end -= piece.length;
  }
  return row.sizeBytes;
}

function mayBeZero({ name, role, dtype, shape }: TensorRow, family: Family | null): boolean {
  if (role === 'norm') return isBias(name) || !family || family.normsFromZero === true;
  const kind = numberType(dtype)?.kind;
  return role === 'bookkeeping' || isBias(name) || startsUniform(name) || kind !== 'float' || shape.length < 2;
}

/** Do the zeros begin where no row begins? Vocabularies are padded with whole rows, and units are pruned by rows. */
function isCut(row: TensorRow, zeros: number): boolean {
  if (zeros < MIN_TAIL_BYTES || row.shape.length < 2 || numberType(row.dtype)?.kind !== 'float') return false;
  const rowBytes = row.sizeBytes / (row.shape[0] ?? 1);
  return zeros % rowBytes !== 0;
}
