/**
 * One GPU device and what belongs to it: limits, compiled pipelines, buffers under a cap, submissions and read-backs with their
 * errors. Takes a GPUDevice from anywhere (Dawn in Node, a page's own) and imports nothing of either.
 */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { BUFFER_USAGE, ceilTo, MAP_MODE_READ } from './flags.ts';
import { lostError, scopeError } from './errors.ts';
import { BufferPool } from './pool.ts';

export interface GpuContextOptions {
  /** bytes that all buffers of the pool may have together */
  memoryCap: number;
  /** bytes of a matrix in one binding, below the device's own limit: tests see tiles on small matrices */
  bindingLimit?: number;
}

/** Limits as the kernels use them: those the device was created with. */
export interface GpuLimits {
  /** bytes of a matrix in one storage binding; a larger one is gone over in tiles */
  bindingBytes: number;
  /** the same for work space, which is bound whole */
  workBytes: number;
  /** bytes of one buffer */
  bufferBytes: number;
  /** workgroups in one dimension of a dispatch */
  workgroups: number;
}

export interface PipelineRecipe {
  label: string;
  code: string;
  entryPoint: string;
  /** values of the shader's overrides */
  constants?: Record<string, number>;
  layout: GPUPipelineLayout | 'auto';
}

const SCOPES = ['validation', 'out-of-memory', 'internal'] as const satisfies readonly GPUErrorFilter[];

export class GpuContext {
  readonly limits: GpuLimits;
  readonly pool: BufferPool;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #shared = new Map<string, unknown>();
  readonly #waiting = new Set<(error: OffaxisError) => void>();
  #lost: OffaxisError | null = null;

  constructor(
    readonly device: GPUDevice,
    options: GpuContextOptions,
  ) {
    const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupsPerDimension } = device.limits;
    const workBytes = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    this.limits = {
      bindingBytes: Math.min(workBytes, options.bindingLimit ?? Infinity),
      workBytes,
      bufferBytes: maxBufferSize,
      workgroups: maxComputeWorkgroupsPerDimension,
    };
    this.pool = new BufferPool(options.memoryCap, maxBufferSize, async (descriptor) =>
      this.checked(`buffer "${descriptor.label ?? ''}" of ${descriptor.size} bytes`, () =>
        device.createBuffer(descriptor),
      ),
    );
    void device.lost.then((info) => this.#fail(lostError(info)));
  }

  /** Why the device is gone, null while it works. */
  get lost(): OffaxisError | null {
    return this.#lost;
  }

  #fail(error: OffaxisError): void {
    this.#lost ??= error;
    for (const reject of this.#waiting) reject(this.#lost);
    this.#waiting.clear();
  }

  /** The promise, or an error as soon as the device is lost or the call cancelled. */
  async guard<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    let stop = (_: OffaxisError): void => undefined;
    const cancel = (): void => stop(new OffaxisError('cancelled', 'Cancelled.'));
    try {
      return await new Promise<T>((resolve, reject) => {
        stop = reject;
        this.#waiting.add(stop);
        if (this.#lost) reject(this.#lost);
        else if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel);
        promise.then(resolve, (error: unknown) =>
          reject(this.#lost ?? (error instanceof OffaxisError ? error : asDeviceError(error))),
        );
      });
    } finally {
      this.#waiting.delete(stop);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Runs `action` inside error scopes; throws what they caught as an OffaxisError that names `what`. */
  async checked<T>(what: string, action: () => T): Promise<T> {
    if (this.#lost) throw this.#lost;
    for (const scope of SCOPES) this.device.pushErrorScope(scope);
    let result: T;
    let popped: Promise<GPUError | null>[];
    try {
      result = action();
    } finally {
      popped = SCOPES.map(async () => this.device.popErrorScope());
      for (const promise of popped) promise.catch(() => undefined); // a lost device: said by guard
    }
    const errors = await this.guard(Promise.all(popped));
    for (const [i, error] of errors.entries()) {
      const scope = SCOPES[SCOPES.length - 1 - i];
      if (error && scope) throw scopeError(what, scope, error);
    }
    return result;
  }

  /** A pipeline, compiled at its first use. */
  async pipeline(recipe: PipelineRecipe): Promise<GPUComputePipeline> {
    const { label, code, entryPoint, constants = {}, layout } = recipe;
    const key = `${label} ${entryPoint} ${JSON.stringify(constants)} ${code}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      if (this.#lost) throw this.#lost;
      let module = this.#modules.get(code);
      if (!module) this.#modules.set(code, (module = this.device.createShaderModule({ label, code })));
      const compiled = this.device.createComputePipelineAsync({
        label,
        layout,
        compute: { module, entryPoint, constants },
      });
      pipeline = this.guard(compiled).catch(async (error: unknown) => {
        this.#pipelines.delete(key);
        throw this.#lost ?? (await compileError(label, module, error));
      });
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Something made once a device, such as a layout. */
  shared<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  /**
   * Ends the encoder, submits it, and settles when the device is through with it. Throws device-lost (with what was refused),
   * cancelled (at once; the device still works off what is submitted).
   */
  async submit(what: string, encoder: GPUCommandEncoder, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const accepted = this.checked(what, () => this.device.queue.submit([encoder.finish()]));
    const done = this.device.queue.onSubmittedWorkDone();
    done.catch(() => undefined);
    await this.guard(Promise.all([accepted, done]), signal);
  }

  /** Bytes of a buffer: offset and length multiples of 4. Throws device-lost, cancelled. */
  async read(buffer: GPUBuffer, offset: number, bytes: number, signal?: AbortSignal): Promise<ArrayBuffer> {
    throwIfAborted(signal);
    const size = Math.max(ceilTo(bytes, 4), 4);
    const staging = await this.pool.acquire('read back', size, BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST);
    let mapped = false;
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      const accepted = this.checked('read back', () => this.device.queue.submit([encoder.finish()]));
      accepted.catch(() => undefined);
      const map = staging.mapAsync(MAP_MODE_READ, 0, size);
      map.then(
        () => (mapped = true),
        () => undefined,
      );
      await this.guard(accepted);
      await this.guard(map, signal);
      return staging.getMappedRange(0, size).slice(0, bytes);
    } finally {
      // A cancelled map may still be under way: unmap ends it either way.
      if (mapped || !this.#lost) staging.unmap();
      this.pool.release(staging);
    }
  }

  /** Destroys every buffer of the pool. The device belongs to whoever made it. */
  dispose(): void {
    this.#fail(new OffaxisError('device-lost', say('The GPU is no longer used.')));
    this.pool.dispose();
    this.#pipelines.clear();
    this.#modules.clear();
    this.#shared.clear();
  }
}

export function createGpuContext(device: GPUDevice, options: GpuContextOptions): GpuContext {
  return new GpuContext(device, options);
}

const asDeviceError = (error: unknown): OffaxisError =>
  new OffaxisError('device-lost', say`The GPU failed: ${error instanceof Error ? error.message : String(error)}`);

/** What the shader compiler says, with the line, else what the pipeline's error says. */
async function compileError(label: string, module: GPUShaderModule, error: unknown): Promise<OffaxisError> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === 'error');
  const text = first
    ? `line ${first.lineNum}: ${first.message}`
    : error instanceof Error
      ? error.message
      : String(error);
  return scopeError(`kernel "${label}"`, 'validation', { message: text });
}
