/** The page's side of MatrixRequest: promises for blocks of values and pictures. */
import type {
  MatrixReply,
  MatrixRequest,
  Picture,
  PictureRequest,
  ValuesBlock,
  ValuesRequest,
} from '../../src/protocol/matrix.ts';
import type { WireError } from '../../src/protocol/errors.ts';
import { t, tellError } from './l10n.ts';

/** A request that ended without an answer; `cancelled` if the page itself gave it up. */
export class MatrixError extends Error {
  constructor(readonly error: WireError) {
    super(tellError(error));
  }
  get isCancelled(): boolean {
    return this.error.code === 'cancelled';
  }
}
export interface PictureProgress {
  done: number;
  total: number;
  secondsLeft: number | null;
}
interface Pending {
  resolve(value: ValuesBlock | Picture): void;
  reject(error: MatrixError): void;
  progress?(progress: PictureProgress): void;
}

export class MatrixClient {
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();

  constructor(private readonly post: (request: MatrixRequest) => void) {}

  values(params: ValuesRequest): Promise<ValuesBlock> {
    return this.start<ValuesBlock>((id) => ({ type: 'values', id, ...params }));
  }
  /** Ends with a cancelled MatrixError once `signal` is aborted. */
  picture(
    params: PictureRequest,
    progress: (progress: PictureProgress) => void,
    signal: AbortSignal,
  ): Promise<Picture> {
    return this.start<Picture>((id) => ({ type: 'picture', id, ...params }), progress, signal);
  }
  /** `what`: told in the status bar, as "12 values". */
  copy(text: string, what: string): void {
    this.post({ type: 'copy', text, what });
  }
  exportTensor(tensor: string): void {
    this.post({ type: 'export', tensor });
  }

  receive(reply: MatrixReply): void {
    const pending = this.pending.get(reply.id);
    if (!pending) return;
    if (reply.type === 'progress') return pending.progress?.(reply);
    this.pending.delete(reply.id);
    if (reply.type === 'failed') pending.reject(new MatrixError(reply.error));
    else pending.resolve(reply.type === 'values' ? reply.block : reply.picture);
  }

  private start<T extends ValuesBlock | Picture>(
    request: (id: number) => MatrixRequest,
    progress?: (progress: PictureProgress) => void,
    signal?: AbortSignal,
  ): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, {
        resolve: (value) => resolve(value as T),
        reject,
        ...(progress ? { progress } : {}),
      });
      signal?.addEventListener('abort', () => {
        if (!this.pending.delete(id)) return;
        this.post({ type: 'cancel', id });
        reject(new MatrixError({ code: 'cancelled', message: t('Cancelled.') }));
      });
      this.post(request(id));
    });
  }
}
