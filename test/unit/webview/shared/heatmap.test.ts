import { describe, expect, it } from 'vitest';
import { isInRange, rowsOf, spanned, stepped } from '../../../../webview/shared/heatmap-brush.ts';
import {
  cellsWidth,
  columnAt,
  columnLeft,
  columnWidth,
  footTop,
  geometry,
  inView,
  LEAST_ROW,
  profileLeft,
  type Grid,
  type Room,
} from '../../../../webview/shared/heatmap-geometry.ts';

const grid = (layers: number, columns: number, weights?: number[]): Grid => {
  const modules = Array.from({ length: columns }, (_, i) => `m${i}`);
  return { layers: [...Array(layers).keys()], modules, labels: modules, ...(weights ? { weights } : {}) };
};
const room = (change: Partial<Room> = {}): Room => ({
  ...{ width: 900, height: 540, panels: 1, hasProfile: true, labelWidth: 20 },
  ...change,
});

describe('the place of a heatmap', () => {
  it('is filled: rows stretch over the height, columns over the width', () => {
    const g = geometry(room(), grid(6, 7));
    expect(g.rowHeight).toBe(Math.floor((540 - g.head - g.foot) / 6));
    expect(g.contentHeight).toBeLessThanOrEqual(540);
    expect(g.contentHeight).toBeGreaterThan(540 - 6);
    expect(g.contentWidth).toBe(900);
    expect(profileLeft(g) + g.profile).toBeCloseTo(900, 6);
    expect(footTop(g)).toBe(g.head + 6 * g.rowHeight);
  });
  it('scrolls rather than make rows and columns less than readable', () => {
    const g = geometry(room({ width: 400 }), grid(100, 40));
    expect(g.rowHeight).toBe(LEAST_ROW);
    expect(g.contentHeight).toBe(g.head + 100 * LEAST_ROW + g.foot);
    expect(columnWidth(g, 0)).toBe(14);
    expect(g.contentWidth).toBeGreaterThan(400);
    // head, labels, medians and profile stay in view
    expect(footTop(g)).toBe(540 - g.foot);
    expect(profileLeft(g) + g.profile).toBeLessThanOrEqual(400);
    expect(columnWidth(geometry(room({ width: 400 }), grid(8, 500)), 0)).toBe(4);
  });
  it('has a profile of 190, 130 or 96 pixels', () => {
    expect([900, 700, 500].map((width) => geometry(room({ width }), grid(6, 7)).profile)).toEqual([190, 130, 96]);
    expect(geometry(room({ hasProfile: false }), grid(6, 7)).profile).toBe(0);
  });
  it('gives rows their own height if they do not stretch', () => {
    expect([6, 12, 40].map((layers) => geometry(room({ height: null }), grid(layers, 3)).rowHeight)).toEqual([
      ...[36, 24, 14],
    ]);
  });
  it('turns labels upright that are wider than their columns', () => {
    expect(geometry(room({ labelWidth: 300 }), grid(6, 7)).upright).toBe(true);
    expect(geometry(room({ labelWidth: 30 }), grid(6, 7)).upright).toBe(false);
  });
  it('gives columns widths beside each other', () => {
    const g = geometry(room(), grid(2, 3, [2, 1, 1]));
    expect(columnWidth(g, 0)).toBeCloseTo(2 * columnWidth(g, 1), 6);
    expect([0, 1, 2].map((column) => columnAt(g, columnLeft(g, 0, column) - g.left + 1))).toEqual([0, 1, 2]);
    expect(columnAt(g, -1)).toBe(-1);
    expect(columnAt(g, 1e6)).toBe(-1);
  });
  it('draws what is in view and no more, wherever it is scrolled', () => {
    const all = grid(100, 500);
    const g = geometry(room({ panels: 1 }), all);
    for (const scroll of [
      { x: 0, y: 0 },
      { x: 700, y: 400 },
      { x: g.contentWidth, y: g.contentHeight },
    ]) {
      const view = inView(g, all, scroll);
      const [from, to] = view.columns(0);
      expect(view.rows[1] - view.rows[0]).toBeLessThanOrEqual(Math.ceil((footTop(g) - g.head) / g.rowHeight) + 1);
      expect(to - from).toBeLessThanOrEqual(Math.ceil(cellsWidth(g) / 4) + 1);
      expect(view.rows[1]).toBeLessThanOrEqual(100);
      expect(to).toBeLessThanOrEqual(500);
    }
    expect(inView(g, all, { x: 0, y: 0 }).columns(0)[0]).toBe(0);
  });
});

describe('a brush over the layers', () => {
  const layers = [0, 1, 2, 5, 9];

  it('spans two rows in either order, within those that exist', () => {
    expect(spanned(layers, 3, 1)).toEqual({ from: 1, to: 5 });
    expect(spanned(layers, -4, 40)).toEqual({ from: 0, to: 9 });
    expect(spanned([], 0, 0)).toBeNull();
  });
  it('moves with an arrow, and grows or shrinks at its lower end with Shift', () => {
    const range = { from: 1, to: 2 };
    expect(stepped(layers, range, 1, false)).toEqual({ from: 2, to: 5 });
    expect(stepped(layers, range, -1, false)).toEqual({ from: 0, to: 1 });
    expect(stepped(layers, range, 1, true)).toEqual({ from: 1, to: 5 });
    expect(stepped(layers, range, -1, true)).toEqual({ from: 1, to: 1 });
    expect(stepped(layers, { from: 1, to: 1 }, -1, true)).toEqual({ from: 1, to: 1 });
  });
  it('keeps its length at the ends', () => {
    expect(stepped(layers, { from: 5, to: 9 }, 1, false)).toEqual({ from: 5, to: 9 });
    expect(stepped(layers, { from: 0, to: 1 }, -1, false)).toEqual({ from: 0, to: 1 });
  });
  it('begins at the first layer, upwards at the last', () => {
    expect(stepped(layers, null, 1, true)).toEqual({ from: 0, to: 0 });
    expect(stepped(layers, null, -1, false)).toEqual({ from: 9, to: 9 });
    // a stored range of another model holds no layer of this one
    expect(stepped(layers, { from: 6, to: 8 }, 1, false)).toEqual({ from: 0, to: 0 });
  });
  it('knows its rows', () => {
    expect(rowsOf(layers, { from: 2, to: 7 })).toEqual([2, 3]);
    expect(rowsOf(layers, { from: 3, to: 4 })).toBeNull();
    expect([0, 2, 5, 9].map((layer) => isInRange(layer, { from: 2, to: 7 }))).toEqual([false, true, true, false]);
    expect(isInRange(3, null)).toBe(true);
  });
});
