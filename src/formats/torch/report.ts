/** What is wrong with a file of PyTorch's, in words. */
import { PickleError } from '../pickle/machine.ts';
import type { ProblemList } from '../problems.ts';
import { ZipError } from '../zip.ts';
import { SAVE_STATE, TorchError } from './archive.ts';

const RENEW = 'Download or copy the file again.';

/** What is wrong with the file, as a problem; throws what is wrong elsewhere. */
export function report(error: unknown, problems: ProblemList): void {
  if (error instanceof PickleError) {
    const { code, message, byte, global } = error;
    const advice =
      global !== null
        ? `It is not among the names that weights need, so nothing of the file was read and nothing was run. ${SAVE_STATE} Do so only if you trust it: loading runs it.`
        : RENEW;
    problems.add('error', code, `${message}.`, advice, { byteOffset: byte });
  } else if (error instanceof ZipError) {
    const advice = error.code === 'zip-damaged' ? RENEW : 'torch never writes such a file: save it with torch.save.';
    problems.add('error', error.code, `${error.message}.`, advice, { byteOffset: error.byte });
  } else if (error instanceof TorchError) problems.add('error', error.code, error.message, error.advice);
  else throw error;
}
