import { expect, test } from 'vitest';
import { answerOf, clause } from '../../../src/answer/clause.ts';
import { say } from '../../../src/protocol/say.ts';
import { isInBrush, litNames } from '../../../webview/comparison/focus.ts';
import { METRICS } from '../../../webview/comparison/metrics.ts';
import {
  BOTH,
  figureOfClause,
  figureOfTab,
  figuresOfTab,
  stepFigure,
  TABS,
  type Known,
} from '../../../webview/comparison/tabs.ts';
import { readUi, INITIAL_UI } from '../../../webview/comparison/view.ts';

const ALL: Known = { hasTwin: true, hasHidden: true };
const FEW: Known = { hasTwin: false, hasHidden: false };
const ids = (...of: Parameters<typeof figuresOfTab>): string[] => figuresOfTab(...of).map(({ id }) => id);

test('every figure of a tab is a metric that the map can draw, and stands there before its spectra if it says so', () => {
  const metrics = new Map(METRICS.map((metric) => [metric.id, metric]));
  for (const tab of TABS)
    for (const { id, isElementwise, needsTwin } of figuresOfTab(tab, ALL)) {
      expect(metrics.get(id), id).toBeDefined();
      expect(metrics.get(id)?.elementwise, id).toBe(isElementwise);
      expect(metrics.get(id)?.needsTwin === true, id).toBe(needsTwin);
    }
});

test('a tab offers what there is, and opens on its default', () => {
  expect(ids('size', ALL)).toEqual(['relativeUpdate', 'updateDensity', 'hiddenShare']);
  expect(ids('size', FEW)).toEqual(['relativeUpdate', 'updateDensity']);
  expect(figureOfTab('where', null, ALL)?.id).toBe(BOTH);
  expect(ids('where', FEW)).not.toContain('updateStableRankOverNoise');
  expect(figureOfTab('spectrum', null, ALL)?.id).toBe('nssOverNoise');
  expect(ids('spectrum', FEW)).toEqual(['nss', 'largestAngle']);
  // of another tab, or no longer offered
  expect(figureOfTab('spectrum', 'relativeUpdate', ALL)?.id).toBe('nssOverNoise');
  expect(figureOfTab('spectrum', 'meanAngleOverNoise', FEW)?.id).toBe('nss');
});

test('figures follow each other around the ends', () => {
  expect(stepFigure('size', null, 1, ALL)).toBe('updateDensity');
  expect(stepFigure('size', 'hiddenShare', 1, ALL)).toBe('relativeUpdate');
  expect(stepFigure('size', 'relativeUpdate', -1, ALL)).toBe('hiddenShare');
});

test('a clause leads to a figure that its tab offers, with the twin and without', () => {
  expect(figureOfClause('nss', ALL)).toBe('nssOverNoise');
  expect(figureOfClause('nss', FEW)).toBe('nss');
  expect(figureOfClause('angleUMean', FEW)).toBe('largestAngle');
  expect(figureOfClause(null, ALL)).toBeNull();
});

test('a pressed clause lights its matrices; one that speaks of all lights none', () => {
  const shape = { code: 'x', kind: 'finding', text: say('x'), tab: 'size', figure: null } as const;
  const answer = answerOf([[clause(shape)], [clause({ ...shape, matrices: ['a', 'b'] })]]);
  expect(litNames(answer, { clause: 1 })).toEqual(new Set(['a', 'b']));
  expect(litNames(answer, { clause: 0 })).toBeNull();
  expect(litNames(answer, { clause: null })).toBeNull();
  expect(litNames(answer, { clause: 7 })).toBeNull();
  expect(litNames(null, { clause: 1 })).toBeNull();
});

test('a brush holds its two ends, and no tensor outside the layers', () => {
  const brush = { from: 2, to: 4 };
  expect([1, 2, 4, 5].map((layer) => isInBrush(layer, brush))).toEqual([false, true, true, false]);
  expect(isInBrush(null, brush)).toBe(false);
  expect(isInBrush(null, null)).toBe(true);
});

test('a kept state of the page is read field by field; what it does not know is as at first', () => {
  const kept = {
    ...INITIAL_UI,
    tab: 'spectrum',
    figure: 'nss',
    clause: 2,
    brush: { from: 1, to: 3 },
    sort: { column: 'size', isDescending: true },
  };
  expect(readUi(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  expect(readUi({ tab: 'cards', figure: 3, brush: { from: 1 }, sort: 'x', clause: '1' })).toEqual(INITIAL_UI);
  expect(readUi(null)).toEqual(INITIAL_UI);
});
