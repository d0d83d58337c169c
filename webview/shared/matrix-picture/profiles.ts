/**
 * Profiles along the edges of a picture: the mean of each row at its right, of each column below. Means as bars, the largest line of
 * a pixel as a thin mark beyond them: one row that stands out is not averaged away.
 */
import { css, rgb } from '../scales.ts';
import type { Place, Scene } from './paint.ts';

/** Depth of a profile, and the room between it and the picture. */
export const PROFILE = 40;
export const GAP = 5;
/** A head's number needs this much room beside the rows, its name this much below the columns. */
const ROW_LABEL = 14;
const COLUMN_LABEL = 46;

export function paintProfiles(c: CanvasRenderingContext2D, scene: Scene, x: Place, y: Place): void {
  c.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  side(c, scene, 'row', y);
  side(c, scene, 'column', x);
}

function side(c: CanvasRenderingContext2D, scene: Scene, which: 'row' | 'column', place: Place): void {
  const { picture } = scene;
  const isRow = which === 'row';
  const profile = isRow ? picture.rowProfile : picture.columnProfile;
  const [from, to] = isRow ? picture.rows : picture.columns;
  const limit = isRow ? scene.height : scene.width;
  const base = (isRow ? scene.width : scene.height) + GAP;
  const most = profile.max.reduce((a, b) => Math.max(a, b || 0), 0) || 1;
  const fill = (at: number, size: number, start: number, length: number): void =>
    isRow ? c.fillRect(base + start, at, length, size) : c.fillRect(at, base + start, size, length);
  c.fillStyle = css(rgb('var(--ox-line-strong)'));
  fill(0, limit, -1, 1);
  const bar = css(rgb('var(--vscode-charts-blue)'));
  const mark = css(rgb('var(--vscode-foreground)'));
  const n = profile.mean.length;
  // whole device pixels: bars that end between two would show seams
  const ratio = window.devicePixelRatio || 1;
  const edge = (i: number): number => Math.round(place(from + (i * (to - from)) / n) * ratio) / ratio;
  for (let i = 0; i < n; i++) {
    const start = Math.max(0, edge(i));
    const end = Math.min(limit, edge(i + 1));
    const mean = profile.mean[i] as number;
    if (end <= start || Number.isNaN(mean)) continue;
    c.fillStyle = bar;
    fill(start, end - start, 0, (mean / most) * PROFILE);
    const largest = profile.max[i] as number;
    c.fillStyle = mark;
    if (largest > mean) fill(start, Math.max(end - start, 1), (largest / most) * PROFILE - 1, 1);
  }
  heads(c, scene, isRow, place, limit, base);
}

/** Heads by number, if there is room. */
function heads(
  c: CanvasRenderingContext2D,
  { rows, columns, heads: { word, ...count } }: Scene,
  isRow: boolean,
  place: Place,
  limit: number,
  base: number,
): void {
  const lines = isRow ? rows : columns;
  const n = evenHeads(lines, isRow ? count.rows : count.columns);
  if (!n) return;
  const each = place(lines / n) - place(0);
  const step = Math.max(1, Math.ceil((isRow ? ROW_LABEL : COLUMN_LABEL) / each));
  const ink = css(rgb('var(--vscode-foreground)'));
  const paper = css(rgb('var(--vscode-editor-background)'));
  c.textAlign = isRow ? 'right' : 'left';
  c.textBaseline = isRow ? 'top' : 'bottom';
  for (let i = 0; i < n; i += step) {
    const at = Math.max(place((i * lines) / n), 0);
    if (place(((i + 1) * lines) / n) < 12 || at > limit - 12) continue;
    const name = isRow ? String(i) : `${word} ${i}`;
    const spot: [number, number] = isRow ? [base + PROFILE - 1, at + 2] : [at + 2, base + PROFILE];
    c.lineWidth = 3;
    c.strokeStyle = paper;
    c.strokeText(name, ...spot);
    c.fillStyle = ink;
    c.fillText(name, ...spot);
  }
}

/** Heads that share the lines evenly; 0 if config.json does not fit. */
export const evenHeads = (lines: number, heads: number): number => (heads > 1 && lines % heads === 0 ? heads : 0);
