declare const OFFAXIS_VERSION: string | undefined;

/** The version of the package, put in by the build. */
export const VERSION = typeof OFFAXIS_VERSION === 'string' ? OFFAXIS_VERSION : 'development';
