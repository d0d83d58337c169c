/** Both builds of the kernels into `directory`. Throws with the compiler's messages. */
export function buildKernels(directory: string): Promise<void>;
