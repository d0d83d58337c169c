/** How runs are told apart: by shape and dash, and by colour beside them. Pure. */
import type { ProfileMark } from '../shared/heatmap.ts';

export interface RunMark {
  /** the shape as a character */
  glyph: string;
  shape: ProfileMark;
  /** any CSS colour */
  colour: string;
  dash: readonly number[];
}
const SHAPES = [
  ['●', 'circle'],
  ['■', 'square'],
  ['◆', 'diamond'],
  ['▲', 'up'],
  ['▼', 'down'],
] as const;
const COLOURS = [
  'var(--ox-tuned)',
  'var(--vscode-charts-blue)',
  'var(--ox-on)',
  'var(--vscode-charts-green, var(--vscode-foreground))',
  'var(--vscode-foreground)',
] as const;
const DASHES: readonly (readonly number[])[] = [[], [5, 3], [1.5, 2.5], [8, 3, 1.5, 3]];

/** Of the first twenty runs no two have the same shape and dash. */
export function markOf(run: number): RunMark {
  const [glyph, shape] = SHAPES[run % SHAPES.length] ?? SHAPES[0];
  return {
    glyph,
    shape,
    colour: COLOURS[run % COLOURS.length] ?? COLOURS[0],
    dash: DASHES[run % DASHES.length] ?? [],
  };
}
