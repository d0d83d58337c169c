/** What a reduction is made of: dispatches with their uniforms and their cost, panels of reflectors, and the plan that lists them. */

export type StepKernel =
  | 'pack'
  | 'panelLeft'
  | 'vtm'
  | 'vtmWide'
  | 'projectLeft'
  | 'solve'
  | 'solveQr'
  | 'panelRight'
  | 'av'
  | 'projectRight'
  | 'xt'
  | 'update'
  | 'triangle';

/** What a kernel works on: the fields of `struct Step` that follow from the plan. Offsets in vec4. */
export interface StepFields {
  row0: number;
  rows: number;
  col0: number;
  cols: number;
  ldl: number;
  pc: number;
  pr: number;
  slot: number;
  pend: number;
  chunk: number;
  chunkp: number;
  w0: number;
  ldw: number;
  gw: number;
  ldg: number;
  x0: number;
  ldx: number;
}

/** Which rows of A a dispatch touches, from row0 on: `unit` rows a workgroup along the grid's `axis`. */
export interface Touches {
  rows: number;
  unit: number;
  axis: 'x' | 'y';
}

export interface Dispatch<K extends string = StepKernel> {
  kernel: K;
  /** grid for one matrix */
  x: number;
  y: number;
  fields: StepFields;
  /** null: not A */
  touches: Touches | null;
  /** whose T and reflectors */
  panel: number;
  /** of one matrix: operations, and bytes of device memory at least moved */
  flops: number;
  bytes: number;
}

/** Reflectors that one step makes: 32 from the left on `rows` rows, and, if `cols` > 0, 32 from the right on `cols` columns. */
export interface Panel {
  row0: number;
  rows: number;
  col0: number;
  cols: number;
  /** floats of kept reflectors before this panel's, of one member */
  keep0: number;
}

export interface Plan {
  /** padded; rows >= cols */
  rows: number;
  cols: number;
  /** row length of A in floats, distance between the quads of R in vec4 */
  lda: number;
  ldr: number;
  dispatches: Dispatch[];
  panels: Panel[];
  /** floats of one member */
  keepFloats: number;
  lFloats: number;
  rFloats: number;
  wFloats: number;
}
