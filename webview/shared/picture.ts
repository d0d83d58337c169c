/**
 * Pictures out: a drawing of the page as an SVG file that needs no stylesheet, as PNG, and its values as TSV. The drawing is made anew
 * by the code that draws it on the page, so a picture shows what the page shows; only colours may be those of white paper.
 */
import type { PictureAction, PictureFromView } from '../../src/protocol/views.ts';
import { cell } from '../../src/text/show.ts';
import { t } from './l10n.ts';
import { pictureMenu } from './picture-menu.ts';
import { onPaper, rgb, type Rgb } from './scales.ts';
import { FONT, sheet } from './sheet.ts';
import { s } from './svg.ts';

export type PictureCell = string | number | null | undefined;
/** Rows of the values that are drawn, a heading first. */
export type PictureTable = () => readonly (readonly PictureCell[])[];
export interface PictureSource {
  name: string;
  table: PictureTable;
  /** the drawing, or its markup if no element of the page drew it; null: nothing is drawn yet */
  draw(): SVGElement | { markup: string; width: number; height: number } | null;
}
interface Fragment {
  markup: string;
  width: number;
  height: number;
}
/** Device pixels a CSS pixel of a PNG: sharp on paper at 15 cm width. */
const SCALE = 3;
/** What tells a page's main script that something is to be saved. */
export const PICTURE_EVENT = 'offaxis-picture';

const sources = new WeakMap<Element, PictureSource>();

/** Marks the element as a picture: its context menu and the menu that is returned, appended to it, act on the source. */
export function offerPicture(element: HTMLElement, source: PictureSource): HTMLElement {
  sources.set(element, source);
  element.dataset['picture'] ??= crypto.randomUUID();
  element.dataset['vscodeContext'] = JSON.stringify({
    webviewSection: 'picture',
    picture: element.dataset['picture'],
    preventDefaultContextMenuItems: true,
  });
  const menu = pictureMenu(source.name, (action) => void act(source, action));
  element.append(menu);
  return menu;
}
/** From the context menu of VS Code, which knows the picture by its id only. */
export function actOnPicture(id: string, action: PictureAction): void {
  const element = document.querySelector(`[data-picture="${CSS.escape(id)}"]`);
  const source = element && sources.get(element);
  if (source) void act(source, action);
}

async function act(source: PictureSource, action: PictureAction): Promise<void> {
  if (action === 'tsv') return send({ type: 'copyText', text: tsv(source.table()), what: source.name });
  const picture = pictureSvg(source, action === 'svg-white');
  if (!picture) return;
  if (action === 'png') {
    const data = await pngBase64(picture);
    send({ type: 'savePicture', name: source.name, format: 'png', data });
  } else send({ type: 'savePicture', name: source.name, format: 'svg', data: picture.markup });
}
export function send(message: PictureFromView): void {
  document.dispatchEvent(new CustomEvent<PictureFromView>(PICTURE_EVENT, { detail: message }));
}

/** Tab-separated, a line a row. Numbers with all their digits. */
export const tsv = (rows: readonly (readonly PictureCell[])[]): string =>
  rows.map((row) => `${row.map((value) => cell(value, '\t')).join('\t')}\n`).join('');

function pictureSvg(source: PictureSource, white: boolean): Fragment | null {
  return inColours(white, () => {
    const body = fragmentOf(source);
    const colours = paperColours();
    return body && sheet({ ...body, title: source.name, ...colours });
  });
}
/** Runs the drawing with the colours of the theme, or of white paper. */
export const inColours = <T>(white: boolean, body: () => T): T => (white ? onPaper(body) : body());

export const paperColours = (): { background: string; foreground: string; quiet: string; rule: string } => ({
  background: hex(rgb('var(--vscode-editor-background)')),
  foreground: hex(rgb('var(--vscode-foreground)')),
  quiet: hex(rgb('var(--ox-quiet)')),
  rule: hex(rgb('var(--ox-line)')),
});

export function fragmentOf(source: Pick<PictureSource, 'draw'>): Fragment | null {
  const drawn = source.draw();
  return drawn instanceof SVGElement ? standalone(drawn) : drawn;
}

/** Attributes that styles may set, with the value that needs no saying. */
const STYLES: readonly (readonly [property: string, initial: string])[] = [
  ['stroke-width', '1px'],
  ['stroke-dasharray', 'none'],
  ['opacity', '1'],
  ['font-size', ''],
  ['font-weight', '400'],
  ['shape-rendering', 'auto'],
  ['text-anchor', 'start'],
];
/** The drawing with every style written into it; it needs no stylesheet and no variable any more. */
function standalone(root: SVGElement): Fragment {
  const place = s('svg', { class: 'picture-probe' });
  const paper = document.querySelector('.paper') ?? document.body;
  paper.append(place);
  place.append(root);
  try {
    for (const element of [root, ...root.querySelectorAll<SVGElement>('*')]) inline(element);
    const width = Number(root.getAttribute('width'));
    const height = Number(root.getAttribute('height'));
    const inner = [...root.children].map((child) => new XMLSerializer().serializeToString(child)).join('');
    return { markup: inner.replaceAll(' xmlns="http://www.w3.org/2000/svg"', ''), width, height };
  } finally {
    place.remove();
  }
}
function inline(element: SVGElement): void {
  const style = getComputedStyle(element);
  const isText = element.tagName === 'text';
  for (const paint of ['fill', 'stroke'] as const) {
    const value = style.getPropertyValue(paint);
    if (value === 'none') {
      if (paint === 'fill') element.setAttribute('fill', 'none');
    } else element.setAttribute(paint, hex(rgb(value)));
  }
  for (const [property, initial] of STYLES) {
    if (property.startsWith('font') && !isText) continue;
    const value = style.getPropertyValue(property);
    if (value !== initial) element.setAttribute(property, value.replace(/px/g, ''));
  }
  for (const name of ['class', 'role', 'aria-label', 'aria-hidden', 'style']) element.removeAttribute(name);
}
const hex = (colour: Rgb): string =>
  `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;

async function pngBase64({ markup, width, height }: Fragment): Promise<string> {
  const url = URL.createObjectURL(new Blob([markup], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * SCALE);
    canvas.height = Math.round(height * SCALE);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
  } finally {
    URL.revokeObjectURL(url);
  }
}
export const measureText = (text: string, size: number, weight = 400): number => {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return text.length * size * 0.6;
  context.font = `${weight} ${size}px ${FONT}`;
  return context.measureText(text).width;
};
export const pictureName = (...parts: readonly string[]): string => parts.filter(Boolean).join(', ') || t('Picture');
