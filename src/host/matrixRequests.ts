/** What a page asks about single matrices, passed on to the engine: each request is answered once, or cancelled. Knows nothing of VS Code. */
import type { EngineClient } from '../engine/client.ts';
import type { PictureCheckpoints } from '../protocol/engine.ts';
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { MatrixReply, MatrixRequest } from '../protocol/matrix.ts';

type EngineRequest = Extract<MatrixRequest, { type: 'values' | 'picture' | 'cancel' }>;

export class MatrixRequests {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly engine: Pick<EngineClient, 'call' | 'stream'>,
    private readonly checkpoints: PictureCheckpoints,
    private readonly reply: (reply: MatrixReply) => void,
  ) {}

  async handle(request: EngineRequest): Promise<void> {
    if (request.type === 'cancel') return this.running.get(request.id)?.abort();
    const abort = new AbortController();
    this.running.set(request.id, abort);
    try {
      if (request.type === 'values') await this.values(request, abort.signal);
      else await this.picture(request, abort.signal);
    } catch (error) {
      this.reply({ type: 'failed', id: request.id, error: toWireError(error) });
    } finally {
      this.running.delete(request.id);
    }
  }

  /** The page is gone or built anew: nobody waits for the answers any more. */
  cancelAll(): void {
    for (const abort of this.running.values()) abort.abort();
  }

  private async values(request: Extract<MatrixRequest, { type: 'values' }>, signal: AbortSignal): Promise<void> {
    if (!('path' in this.checkpoints))
      throw new OffaxisError('bad-parameter', say('Values are read from one checkpoint: open it in the inspector.'));
    const { id, tensor, slice, rows, columns, codes = false } = request;
    const params = { path: this.checkpoints.path, tensor, slice, rows, columns, codes };
    const block = await this.engine.call('values', params, signal);
    // Arrays that came through the pipe are views of one large buffer, which would travel to the page as a whole.
    this.reply({ type: 'values', id, block: { ...block, values: block.values.slice(), codes: block.codes.slice() } });
  }

  private async picture(request: Extract<MatrixRequest, { type: 'picture' }>, signal: AbortSignal): Promise<void> {
    const { id, source, rows, columns, width, height } = request;
    const params = { checkpoints: this.checkpoints, source, rows, columns, width, height };
    for await (const event of this.engine.stream('picture', params, signal)) {
      if (event.type === 'progress') this.reply({ ...event, id });
      else {
        const { picture } = event;
        const profile = ({ mean, min, max }: typeof picture.rowProfile): typeof picture.rowProfile => ({
          mean: mean.slice(),
          min: min.slice(),
          max: max.slice(),
        });
        const own = {
          mean: picture.mean.slice(),
          min: picture.min.slice(),
          max: picture.max.slice(),
          notFinite: picture.notFinite?.slice() ?? null,
          rowProfile: profile(picture.rowProfile),
          columnProfile: profile(picture.columnProfile),
        };
        this.reply({ type: 'picture', id, picture: { ...picture, ...own } });
      }
    }
  }
}
