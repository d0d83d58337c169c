/** The settings that shape an engine process, and how they travel on its command line. */
export interface EngineOptions {
  backend: 'auto' | 'cpu';
  /** worker threads; 0: all cores */
  threads: number;
}

/** Both ends of the engine's command line. */
export const engineArguments = {
  format: ({ backend, threads }: EngineOptions): string[] => [`--backend=${backend}`, `--threads=${threads}`],
  /** What is no valid value falls back to the default: settings are edited by hand. */
  parse(values: { backend?: string | undefined; threads?: string | undefined }): EngineOptions {
    const threads = Number(values.threads);
    return {
      backend: values.backend === 'cpu' ? 'cpu' : 'auto',
      threads: Number.isInteger(threads) && threads > 0 ? threads : 0,
    };
  },
};
