/** The plan of a reduction, without a device: every dispatch, its uniforms, and what it costs. */
import { ceilTo } from './flags.ts';
import { BLOCK } from './matrix.ts';
import type { Dispatch, Panel, Plan, StepFields, StepKernel, Touches } from './steps.ts';

/** Split-K lengths. Short enough to fill a device late in the reduction, long enough that partial sums stay under 1/8 of the traffic. */
const CHUNK_MIN = 64;
const CHUNK_MAX = 1024;
/** Bounds the partial sums of an embedding with 100,000 rows. */
const SPLITS_MAX = 48;
/** Workgroups a split product of one matrix aims at. Not divided by the batch: a matrix's bits must not depend on its neighbours. */
const TARGET_WORKGROUPS = 256;
/** Split-K length over L and R, which are narrow, and over the columns inside a QR block. */
const PANEL_CHUNK = 256;
/** Two-sided steps before A is brought up to date: A is then read 2 + 1/4 times and written 1/4 times a step. */
const DEFERRED_STEPS = 4;
/** Panels of a QR block: their reflectors go to the trailing matrix together, 128 wide. */
const QR_PANELS = 4;
/** QR first if a matrix is this much taller than wide: below, the two-sided reduction of all rows costs less. */
const QR_FIRST = 1.6;
/**
 * An odd number of cache lines (64 bytes) between rows of A, and between quads of L and R: at a power of two they would all fall
 * into the same few places of a cache. vec4 for L and R; floats for A, where a row is a multiple of a page.
 */
const QUAD_GAP = 4;
const ROW_GAP = 16;
const PAGE = 1024;
/** Quads of L and R that one panel fills. */
const QUADS = BLOCK / 4;

/** Split-K length for a product of K = `length` whose result has `tiles` workgroups. Of the shape only. */
function chunkOf(length: number, tiles: number, least = CHUNK_MIN): number {
  const splits = Math.max(1, Math.round(TARGET_WORKGROUPS / Math.max(tiles, 1)));
  const chunk = Math.min(CHUNK_MAX, Math.max(least, ceilTo(Math.ceil(length / splits), BLOCK)));
  return Math.max(chunk, ceilTo(Math.ceil(length / SPLITS_MAX), BLOCK));
}

/** Column j reads quads 0..7 of the rows >= j and writes those from j's own quad on. */
function panelBytes(rows: number): number {
  let bytes = 0;
  for (let j = 0; j < BLOCK; j++) bytes += rows * 16 * (2 * QUADS - (j >> 2));
  return bytes + rows * 256;
}

const F32 = 4;
const ZERO: StepFields = {
  ...{ row0: 0, rows: 0, col0: 0, cols: 0, ldl: 0, pc: 0, pr: 0, slot: 0, pend: 0, chunk: BLOCK, chunkp: PANEL_CHUNK },
  ...{ w0: 0, ldw: 0, gw: 0, ldg: 0, x0: 0, ldx: 0 },
};

class PlanBuilder {
  readonly dispatches: Dispatch[] = [];
  readonly panels: Panel[] = [];
  keepFloats = 0;
  /** quads of one member's partial sums at their largest */
  w = 0;
  x = 0;
  g = 0;
  ldl = 0;

  panel(row0: number, rows: number, col0: number, cols: number): void {
    this.panels.push({ row0, rows, col0, cols, keep0: this.keepFloats });
    this.keepFloats += BLOCK * (rows + cols);
  }

  add(
    kernel: StepKernel,
    [x, y]: [number, number],
    fields: Partial<StepFields>,
    touches: Touches | null,
    [flops, bytes]: [number, number],
    panel = this.panels.length - 1,
  ): void {
    const all = { ...ZERO, ldl: this.ldl, ...fields };
    this.dispatches.push({ kernel, x, y, fields: all, touches, panel, flops, bytes });
  }

  /** Column panel of rows row0.., whose first `pr` rows are above the panel, factored. */
  leftPanel(row0: number, rows: number, pc: number, pr: number, slot: number): void {
    const b = BLOCK;
    const k = 4 * slot;
    const touches: Touches = { rows, unit: 128, axis: 'x' };
    const cost: [number, number] = [2 * rows * b * k, F32 * rows * (2 * b + k)];
    this.add('pack', [Math.ceil(rows / 128), 1], { row0, rows, pc, pr, slot, pend: slot }, touches, cost);
    const r = rows - pr;
    this.add('panelLeft', [1, 1], { row0: row0 + pr, rows: r, slot }, null, [4 * r * b * b, panelBytes(r)]);
  }

  /** W = V' A, `wide` for all panels of a QR block. */
  product(fields: Partial<StepFields>, rows: number, cols: number, chunk: number, wide: boolean): void {
    const b = BLOCK * (wide ? QR_PANELS : 1);
    const splits = Math.ceil(rows / chunk);
    this.w = Math.max(this.w, (splits * b * cols) / 4);
    const grid: [number, number] = [Math.ceil(cols / 128), splits];
    const all = { ...fields, rows, cols, chunk, ldw: cols / 4 };
    const bytes = F32 * (rows * cols + rows * b + splits * b * cols);
    this.add(wide ? 'vtmWide' : 'vtm', grid, all, { rows, unit: chunk, axis: 'y' }, [2 * b * rows * cols, bytes]);
  }

  /** V' L or V_r' R over `pend` quads; into the `index`-th place. */
  project(kernel: 'projectLeft' | 'projectRight', fields: Partial<StepFields>, length: number, pend: number): void {
    if (pend === 0) return;
    const splits = Math.ceil(length / PANEL_CHUNK);
    this.g = Math.max(this.g, (fields.gw ?? 0) + splits * BLOCK * pend);
    const cost: [number, number] = [2 * BLOCK * length * 4 * pend, F32 * length * (BLOCK + 4 * pend)];
    this.add(kernel, [Math.ceil(pend / 32), splits], { ...fields, pend, ldg: pend }, null, cost);
  }

  /** W2 = T' (W - V'L R'), and without QR the row panel. */
  solve(
    fields: Partial<StepFields>,
    rows: number,
    cols: number,
    chunk: number,
    pend: number,
    qr: boolean,
    panel?: number,
  ): void {
    const b = BLOCK;
    const splits = Math.ceil(rows / chunk);
    const all = { ...fields, rows, cols, chunk, pend, ldw: cols / 4, ldg: pend };
    const touches: Touches | null = qr ? null : { rows: b, unit: b, axis: 'y' };
    const flops = 2 * b * cols * (4 * pend * (qr ? 1 : 2) + b);
    this.add(
      qr ? 'solveQr' : 'solve',
      [cols / b, 1],
      all,
      touches,
      [flops, F32 * cols * ((splits + 3) * b + 4 * pend)],
      panel,
    );
  }

  /** A -= L R' over `pend` quads. */
  update(row0: number, rows: number, col0: number, cols: number, pend: number): void {
    const grid: [number, number] = [Math.ceil(cols / 64), Math.ceil(rows / 64)];
    const k = 4 * pend;
    const cost: [number, number] = [2 * k * rows * cols, F32 * (2 * rows * cols + k * (rows + cols))];
    this.add('update', grid, { row0, rows, col0, cols, pend }, { rows, unit: 64, axis: 'y' }, cost);
  }

  /** QR of rows x cols by blocks of 128 columns; the triangle in A's first rows. */
  qr(rows: number, cols: number): void {
    this.ldl = rows + QUAD_GAP;
    for (let b0 = 0; b0 < cols; b0 += BLOCK * QR_PANELS) {
      const count = Math.min(QR_PANELS, (cols - b0) / BLOCK);
      const height = rows - b0;
      const row0 = b0;
      const place = (s: number): number => s * Math.ceil(height / PANEL_CHUNK) * BLOCK * QUADS * QR_PANELS;
      const first = this.panels.length;
      for (let s = 0; s < count; s++) {
        const pc = b0 + s * BLOCK;
        const slot = s * QUADS;
        this.panel(pc, rows - pc, pc + BLOCK, 0);
        this.leftPanel(b0, height, pc, s * BLOCK, slot);
        this.project('projectLeft', { row0, rows: height, slot, gw: place(s) }, height, slot);
        const rest = (count - 1 - s) * BLOCK;
        if (rest === 0) continue;
        const chunk = chunkOf(height, 1, PANEL_CHUNK);
        this.product({ row0, col0: pc + BLOCK, slot }, height, rest, chunk, false);
        this.solve({ row0, col0: pc + BLOCK, slot, gw: place(s) }, height, rest, chunk, slot, true);
      }
      const col0 = b0 + count * BLOCK;
      const trailing = cols - col0;
      if (trailing <= 0) continue;
      const chunk = chunkOf(height, Math.ceil(trailing / 128) * QR_PANELS);
      const partial = (Math.ceil(height / chunk) * BLOCK * trailing) / 4;
      this.product({ row0, col0 }, height, trailing, chunk, true);
      for (let s = 0; s < count; s++) {
        const fields = { row0, col0, slot: s * QUADS, gw: place(s), w0: s * partial };
        this.solve(fields, height, trailing, chunk, s * QUADS, true, first + s);
      }
      this.update(b0, height, col0, trailing, count * QUADS);
    }
    const cost: [number, number] = [0, 2 * cols * cols];
    this.add(
      'triangle',
      [cols / BLOCK, cols / BLOCK],
      { rows: cols, cols },
      { rows: cols, unit: BLOCK, axis: 'y' },
      cost,
    );
  }

  /** Two-sided reduction of rows x cols to the band. */
  band(rows: number, cols: number): void {
    this.ldl = rows + QUAD_GAP;
    const b = BLOCK;
    let slot = 0;
    for (let j = 0; j < cols; j += b) {
      const r = rows - j;
      const c = cols - j - b;
      const col0 = j + b;
      this.panel(j, r, col0, c);
      this.leftPanel(j, r, j, 0, slot);
      if (c <= 0) return;
      const chunk = chunkOf(r, Math.ceil(c / 128));
      this.product({ row0: j, col0, slot }, r, c, chunk, false);
      this.project('projectLeft', { row0: j, rows: r, slot }, r, slot);
      this.solve({ row0: j, col0, slot }, r, c, chunk, slot, false);
      this.add('panelRight', [1, 1], { row0: j, col0, cols: c, slot }, null, [4 * c * b * b, panelBytes(c)]);
      this.right(j + b, r - b, col0, c, slot);
      slot += 2 * QUADS;
      // The first step at once: it takes the leading directions out, and what is pending is rounded at the size of A as it stands.
      if (j > 0 && slot < 2 * QUADS * DEFERRED_STEPS) continue;
      this.update(j + b, r - b, col0, c, slot);
      slot = 0;
    }
  }

  /** Y = A V_r T_r of the rows below the row panel. */
  private right(row0: number, rows: number, col0: number, cols: number, slot: number): void {
    const b = BLOCK;
    const tiles = Math.ceil(rows / 128);
    const chunk = chunkOf(cols, tiles);
    const splits = Math.ceil(cols / chunk);
    this.x = Math.max(this.x, splits * rows * QUADS);
    const place = { row0, rows, col0, cols, slot };
    const bytes = F32 * (rows * cols + cols * b + splits * b * rows);
    const touches: Touches = { rows, unit: 128, axis: 'x' };
    this.add('av', [tiles, splits], { ...place, chunk, ldx: rows }, touches, [2 * b * rows * cols, bytes]);
    const pend = slot + QUADS;
    this.project('projectRight', place, cols, pend);
    const cost: [number, number] = [2 * b * rows * (4 * pend + b), F32 * rows * ((splits + 1) * b + 4 * pend)];
    this.add('xt', [rows / b, 1], { ...place, chunk, pend, ldg: pend, ldx: rows }, null, cost);
  }
}

/** Dense m x n, taken as its transpose if m < n, to a band. */
export function planReduction(m: number, n: number): Plan {
  const rows = ceilTo(Math.max(m, n), BLOCK);
  const cols = ceilTo(Math.min(m, n), BLOCK);
  const builder = new PlanBuilder();
  const tall = rows > QR_FIRST * cols;
  if (tall) builder.qr(rows, cols);
  builder.band(tall ? cols : rows, cols);
  // the back-transform's partial sums, over as many vectors as columns
  for (const { rows: length } of builder.panels) {
    const splits = Math.ceil(length / backChunk(length, cols));
    builder.w = Math.max(builder.w, (splits * BLOCK * cols) / 4);
  }
  const { w, x, g, dispatches, panels, keepFloats } = builder;
  for (const { fields } of dispatches) {
    fields.x0 = w;
    fields.gw += w + x;
  }
  const stepQuads = 2 * QUADS * DEFERRED_STEPS;
  return {
    ...{
      rows,
      cols,
      lda: cols % PAGE === 0 ? cols + ROW_GAP : cols,
      ldr: cols + QUAD_GAP,
      dispatches,
      panels,
      keepFloats,
    },
    lFloats:
      4 * Math.max(tall ? QUADS * QR_PANELS * (rows + QUAD_GAP) : 0, stepQuads * ((tall ? cols : rows) + QUAD_GAP)),
    rFloats: 4 * stepQuads * (cols + QUAD_GAP),
    wFloats: 4 * (w + x + g),
  };
}

/** Split-K length of the back-transform; the same for every number of vectors. */
export const backChunk = (length: number, cols: number): number => chunkOf(length, Math.ceil(cols / 128));
