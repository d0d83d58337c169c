/** WebGPU's flag values are fixed by the specification; written out, so that no global is needed, which Node does not have. */
export const BUFFER_USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;
export const MAP_MODE_READ = 1;
export const SHADER_STAGE_COMPUTE = 4;

/** What every storage buffer here is: written by kernels and copies, read by both. */
export const STORAGE_BUFFER = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_DST | BUFFER_USAGE.COPY_SRC;
export const UNIFORM_BUFFER = BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST;

export const ceilTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
