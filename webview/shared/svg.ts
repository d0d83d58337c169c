/** Marks as SVG elements with attributes and classes: the content security policy forbids inline style. */
import { seen } from '../../src/text/show.ts';
import type { CardRow } from './hover-card.ts';
import { shownAttribute, shownText } from './html.ts';
import type { Drawing } from './plot.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number | undefined>>;
type Child = Node | string;

/** An SVG element. Attributes that are undefined are left out. It may be saved as a picture, and XML cannot hold every character of a name. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Child | readonly Child[])[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, typeof value === 'string' ? seen(value) : String(value));
  appendTo(element, children);
  return element;
}

type HtmlAttributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;
/** An HTML element. A function is a listener ("onclick"), true an empty attribute; false and undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: HtmlAttributes = {},
  ...children: (Child | readonly Child[] | null | undefined | false)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else element.setAttribute(name, value === true ? '' : shownAttribute(name, String(value)));
  }
  appendTo(element, children);
  return element;
}
function appendTo(element: Element, children: readonly (Child | readonly Child[] | null | undefined | false)[]): void {
  for (const child of children)
    if (child instanceof Node) element.append(child);
    else if (typeof child === 'string') element.append(shownText(child));
    else if (child) appendTo(element, child);
}
/** A codicon by its code point. */
export const icon = (codePoint: number, className = ''): HTMLSpanElement =>
  h('span', { class: `codicon ${className}`.trim(), 'aria-hidden': 'true' }, String.fromCodePoint(codePoint));
export const text = (
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  className?: string,
): SVGTextElement => s('text', { x, y, 'text-anchor': anchor, class: className }, content);

export type Scaler = (value: number) => number;
export const linear =
  (d0: number, d1: number, r0: number, r1: number): Scaler =>
  (v) =>
    d1 === d0 ? (r0 + r1) / 2 : r0 + ((v - d0) / (d1 - d0)) * (r1 - r0);
/** Domain ends and values above 0. */
export function log(d0: number, d1: number, r0: number, r1: number): Scaler {
  const scale = linear(Math.log10(d0), Math.log10(d1), r0, r1);
  return (v) => scale(Math.log10(v));
}
/** "M x y L x y ..." */
export const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
/** Powers of ten within lo..hi, both above 0. */
export function decades(lo: number, hi: number): number[] {
  const first = Math.ceil(Math.log10(lo) - 1e-9);
  const last = Math.floor(Math.log10(hi) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
}
/** Ticks of a logarithmic axis: every decade, with 2 and 5 between (or all eight) if there are few, thinned if there are many. */
export function logTicks(lo: number, hi: number, most = 6): number[] {
  const whole = decades(lo, hi);
  if (whole.length > most) return whole.filter((_, i) => i % Math.ceil(whole.length / most) === 0);
  const all = decades(lo / 10, hi);
  for (const steps of [
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 5],
    [1, 3],
  ]) {
    const ticks = all.flatMap((e) => steps.map((k) => k * e)).filter((v) => v >= lo && v <= hi);
    if (ticks.length <= most) return ticks;
  }
  return whole;
}
/** Ticks at round steps (1, 2 or 5 times a power of ten) within lo..hi. */
export function linearTicks(lo: number, hi: number, most = 5): number[] {
  if (!(hi > lo)) return [lo];
  const rough = (hi - lo) / most;
  const power10 = 10 ** Math.floor(Math.log10(rough));
  const step = power10 * ([1, 2, 5, 10].find((k) => k * power10 >= rough) ?? 10);
  const first = Math.ceil(lo / step - 1e-9);
  const last = Math.floor(hi / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
/** A tick's label: plain from 0.01 to 1000, else a power of ten with its factor. */
export function power(v: number): string {
  const exponent = Math.floor(Math.log10(v) + 1e-9);
  if (exponent >= -2 && exponent <= 3) return String(Number(v.toPrecision(3)));
  const digits = [...String(Math.abs(exponent))].map((d) => SUPERSCRIPTS[Number(d)]).join('');
  const factor = Number((v / 10 ** exponent).toPrecision(2));
  return `${factor === 1 ? '' : `${factor}·`}10${exponent < 0 ? '⁻' : ''}${digits}`;
}

/** How a reference is marked: Gaussian or isotropic solid, step dashed, proportional dotted; noise of the same size an open diamond. */
export type NullMark = 'null' | 'null2' | 'null3' | 'twin';
export interface Bullet {
  value: number | null;
  /** the reference from which the lit bar runs; the domain's low end by default */
  from?: number | null;
  nulls?: readonly { v: number | null; kind: NullMark }[];
  /** what is attainable */
  range?: readonly [number, number] | null;
  domain: readonly [number, number];
  /** toward (ochre) or off (blue) the principals; neutral when null */
  dir?: 'on' | 'off' | null;
  label: string;
  /** what the card says of the value, each figure in a row */
  rows?: readonly CardRow[];
}
/** The bullet graph with its value as the one mark that can be read. */
export function readBullet(width: number, b: Bullet, height = 16): Drawing {
  const root = bullet(width, b, height);
  if (b.value === null || !b.rows) return { root, marks: [] };
  const x = linear(b.domain[0], b.domain[1], 0, width)(b.value);
  return { root, marks: [{ x, y: height / 2, title: b.label, rows: b.rows }] };
}
/** Bullet graph: band, nulls as ticks, dot. The lit bar runs from the reference to the value: what the reference does not explain. */
export function bullet(width: number, b: Bullet, height = 16): SVGSVGElement {
  const x = linear(b.domain[0], b.domain[1], 0, width);
  const middle = height / 2;
  const root = s('svg', { width, height, role: 'img', 'aria-label': b.label, viewBox: `0 0 ${width} ${height}` });
  root.append(s('rect', { class: 'b-track', x: 0, y: middle - 1.5, width, height: 3 }));
  if (b.range) {
    const left = x(b.range[0]);
    root.append(
      s('rect', { class: 'b-band', x: left, y: middle - 5, width: Math.max(1, x(b.range[1]) - left), height: 10 }),
    );
  }
  if (b.value !== null) {
    const from = x(b.from ?? b.domain[0]);
    const to = x(b.value);
    root.append(
      s('rect', {
        class: `b-dev${b.dir ? ` f-${b.dir}` : ''}`,
        x: Math.min(from, to),
        y: middle - 2.5,
        width: Math.max(0.5, Math.abs(to - from)),
        height: 5,
      }),
    );
  }
  for (const { v, kind } of b.nulls ?? []) {
    if (v === null) continue;
    root.append(referenceMark(kind, Math.round(x(v)) + 0.5, height));
  }
  if (b.value !== null) root.append(s('circle', { class: 'b-val', cx: x(b.value), cy: middle, r: 4 }));
  return root;
}
const DIAMOND = 4;
function referenceMark(kind: NullMark, x: number, height: number): SVGElement {
  if (kind !== 'twin') return s('line', { class: `b-${kind}`, x1: x, x2: x, y1: 0, y2: height });
  const d = `M${x} ${height / 2 - DIAMOND}l${DIAMOND} ${DIAMOND}l-${DIAMOND} ${DIAMOND}l-${DIAMOND} -${DIAMOND}z`;
  return s('path', { class: 'b-twin', d });
}
const isReference = (mark: string): mark is NullMark => ['null', 'null2', 'null3', 'twin'].includes(mark);
/** One entry of a key: the mark ("null", "null2", "null3", "twin", "band", or the class of a line) and what it means, with its figure. */
export function key(mark: string, label: string): HTMLSpanElement {
  const narrow = mark === 'band' || isReference(mark);
  const glyph = s('svg', { width: mark === 'twin' ? 10 : narrow ? 8 : 14, height: 12, 'aria-hidden': 'true' });
  if (mark === 'band') glyph.append(s('rect', { class: 'b-band', x: 0, y: 1, width: 8, height: 10 }));
  else if (isReference(mark)) glyph.append(referenceMark(mark, mark === 'twin' ? 5 : 3.5, 12));
  else glyph.append(s('path', { class: mark, d: 'M0 6H14' }));
  return h('span', {}, glyph, label);
}
