/** What is asked of Git, through its own program: where a repository is, what a revision holds, and the bytes of a file in it. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { createOutput } from '../files/index.ts';
import { lfsPointer, MOST_POINTER_BYTES, type LfsPointer } from './pointer.ts';

/** Of an answer that is held in memory: names of a folder's files. */
const MOST_ANSWER_BYTES = 16e6;

export interface RevisionFile {
  name: string;
  /** of the blob */
  oid: string;
  /** of the file: of what a pointer stands for, if it is one */
  sizeBytes: number;
  pointer: LfsPointer | null;
}

/** One repository on disk. Nothing in it is changed, and no filter or hook of it is run but `git lfs smudge`. */
export class Repository {
  private constructor(
    private readonly program: string,
    /** its working tree */
    readonly root: string,
  ) {}

  /** The repository that a file lies in. Throws bad-parameter if it is in none, or if there is no Git. */
  static async of(file: string, program = 'git'): Promise<Repository> {
    const folder = dirname(file);
    const root = await run(program, folder, ['rev-parse', '--show-toplevel']).catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      throw new OffaxisError(
        'bad-parameter',
        say`${file} is in no Git repository (${error.message}). Choose a file of one.`,
      );
    });
    return new Repository(program, root.trimEnd());
  }

  /** The full name of a revision's commit. Throws bad-parameter if there is no such revision. */
  async commit(revision: string): Promise<string> {
    const answer = await run(this.program, this.root, [
      ...['rev-parse', '--verify', '--quiet', '--end-of-options'],
      `${revision}^{commit}`,
    ]).catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      throw new OffaxisError('bad-parameter', say`${this.root} has no ${revision}: nothing is committed yet.`);
    });
    return answer.trim();
  }

  /** The files in the folder of `file` as the commit has them, in the order of Git. */
  async files(file: string, commit: string): Promise<Omit<RevisionFile, 'pointer'>[]> {
    const folder = relative(this.root, dirname(file)).split(sep).join('/');
    const tree = folder === '' ? commit : `${commit}:${folder}`;
    const answer = await run(this.program, this.root, ['ls-tree', '-z', '--long', tree]).catch((error: unknown) => {
      // the commit has no such folder
      if (error instanceof GitError) return '';
      throw error;
    });
    return answer.split('\0').flatMap((line) => {
      const [, oid, size, name] = /^\d+ blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(line) ?? [];
      return oid && name ? [{ name, oid, sizeBytes: Number(size) }] : [];
    });
  }

  /** With what a pointer stands for, if the file is one. */
  async resolved(file: Omit<RevisionFile, 'pointer'>): Promise<RevisionFile> {
    if (file.sizeBytes >= MOST_POINTER_BYTES) return { ...file, pointer: null };
    const bytes = Buffer.from(await run(this.program, this.root, ['cat-file', 'blob', file.oid], 'latin1'), 'latin1');
    const pointer = lfsPointer(bytes);
    return { ...file, pointer, sizeBytes: pointer?.sizeBytes ?? file.sizeBytes };
  }

  /** Whether Git LFS would have to download it. */
  async isRemote({ oid }: LfsPointer): Promise<boolean> {
    const common = (await run(this.program, this.root, ['rev-parse', '--git-common-dir'])).trimEnd();
    const object = join('lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    const folder = /^([a-z]:|[/\\])/i.test(common) ? common : join(this.root, common);
    return stat(join(folder, object)).then(
      () => false,
      () => true,
    );
  }

  /**
   * Writes the bytes of the file to a place where there is none yet, in pieces. `told` gets how many came. Throws read-failed if they
   * are not as many as the revision says, and as `createOutput`.
   */
  async copy(file: RevisionFile, to: string, signal: AbortSignal, told: (bytes: number) => void): Promise<void> {
    const output = await createOutput(to, { part: true, signal });
    try {
      const blob = ['cat-file', 'blob', file.oid];
      const pieces = file.pointer
        ? piecesOf(this.program, this.root, ['lfs', 'smudge'], signal, pointerText(file.pointer))
        : piecesOf(this.program, this.root, blob, signal);
      for await (const piece of pieces) {
        await output.write(piece);
        told(piece.length);
      }
      if (output.sizeBytes !== file.sizeBytes)
        throw new OffaxisError(
          'read-failed',
          say`${file.name}: Git gave ${output.sizeBytes} of ${file.sizeBytes} bytes. Try again.`,
        );
      await output.commit();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      const advice = file.pointer ? 'Is Git LFS installed, and its server reachable?' : 'Is the repository whole?';
      throw new OffaxisError(
        'read-failed',
        say`${file.name}: Git does not give its bytes (${error.message}). ${advice}`,
      );
    } finally {
      await output.discard();
    }
  }
}

const pointerText = ({ oid, sizeBytes }: LfsPointer): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${sizeBytes}\n`;

/** Git ended with something else than 0. The message is its last line. */
class GitError extends Error {}

async function run(
  program: string,
  folder: string,
  args: string[],
  encoding: BufferEncoding = 'utf8',
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of piecesOf(program, folder, args, new AbortController().signal)) {
    size += piece.length;
    if (size > MOST_ANSWER_BYTES) throw new OffaxisError('read-failed', say`git ${args[0] ?? ''} answers without end.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString(encoding);
}

/** Standard output as it comes. Throws GitError, bad-parameter if the program does not start, cancelled. */
async function* piecesOf(
  program: string,
  folder: string,
  args: string[],
  signal: AbortSignal,
  input = '',
): AsyncGenerator<Uint8Array, void, undefined> {
  throwIfAborted(signal);
  const child = spawn(program, args, {
    cwd: folder,
    // no lock is taken for a look, and nobody is there to type a password
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop, { once: true });
  const ended = new Promise<number | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code) => resolve(code ?? -1));
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  // a program that does not read its input is no error of ours
  child.stdin.on('error', () => undefined).end(input);
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const code = await ended;
    throwIfAborted(signal);
    if (code instanceof Error)
      throw new OffaxisError(
        'bad-parameter',
        say`Git does not start (${code.message}). Install it, or name it in the setting git.path.`,
      );
    if (code !== 0) throw new GitError(said.trim().split('\n').at(-1) || `git ${args[0] ?? ''} ended with ${code}`);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
