/**
 * The part of a canvas context that the heatmap paints with, writing SVG instead: one code paints both, so the picture is the page's.
 * Pure: the width of a text is asked of the caller.
 */
import { escapeXml } from './sheet.ts';

export type PaintContext = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'save'
  | 'restore'
  | 'translate'
  | 'rotate'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'rect'
  | 'arc'
  | 'clip'
  | 'stroke'
  | 'fill'
  | 'fillRect'
  | 'strokeRect'
  | 'fillText'
  | 'measureText'
  | 'setLineDash'
>;

const n = (value: number): string => String(Number(value.toFixed(2)));
const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end', end: 'end' };
/** "rgb(1 2 3)" is younger than many programs that read SVG. */
const colour = (style: unknown): string => {
  const text = String(style);
  const channels = /^rgba?\(([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)\)$/.exec(text)?.slice(1);
  return channels ? `#${channels.map((c) => Math.round(Number(c)).toString(16).padStart(2, '0')).join('')}` : text;
};

export class SvgContext implements PaintContext {
  fillStyle: PaintContext['fillStyle'] = '#000';
  strokeStyle: PaintContext['strokeStyle'] = '#000';
  lineWidth = 1;
  globalAlpha = 1;
  font = '10px sans-serif';
  textAlign: CanvasTextAlign = 'start';
  textBaseline: CanvasTextBaseline = 'middle';
  private readonly parts: string[] = [];
  private path = '';
  private dash: readonly number[] = [];
  /** what `save` opened, and the groups within it that `restore` has to close */
  private readonly saved: { alpha: number; groups: number }[] = [];
  private groups = 0;
  private clips = 0;

  /** `id`: unlike that of every other picture on the same sheet. `measure`: width of a text in a CSS font, pixels. */
  constructor(
    private readonly id: string,
    private readonly measure: (text: string, font: string) => number,
  ) {}

  get markup(): string {
    return this.parts.join('');
  }
  save(): void {
    this.saved.push({ alpha: this.globalAlpha, groups: this.groups });
  }
  restore(): void {
    const before = this.saved.pop();
    if (!before) return;
    for (; this.groups > before.groups; this.groups--) this.parts.push('</g>');
    this.globalAlpha = before.alpha;
  }
  translate(x: number, y: number): void {
    this.group(`transform="translate(${n(x)} ${n(y)})"`);
  }
  rotate(angle: number): void {
    this.group(`transform="rotate(${n((angle * 180) / Math.PI)})"`);
  }
  clip(): void {
    const id = `${this.id}-clip${++this.clips}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath>`);
    this.group(`clip-path="url(#${id})"`);
  }
  setLineDash(segments: Iterable<number>): void {
    this.dash = [...segments];
  }
  beginPath(): void {
    this.path = '';
  }
  moveTo(x: number, y: number): void {
    this.path += `M${n(x)} ${n(y)}`;
  }
  lineTo(x: number, y: number): void {
    this.path += `L${n(x)} ${n(y)}`;
  }
  rect(x: number, y: number, w: number, h: number): void {
    this.path += `M${n(x)} ${n(y)}h${n(w)}v${n(h)}h${n(-w)}z`;
  }
  /** Whole circles only: nothing here draws a part of one. */
  arc(x: number, y: number, r: number): void {
    this.path += `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0z`;
  }
  stroke(): void {
    if (this.path) this.parts.push(`<path d="${this.path}" fill="none"${this.pen()}/>`);
  }
  fill(): void {
    if (this.path) this.parts.push(`<path d="${this.path}" fill="${colour(this.fillStyle)}"${this.alpha()}/>`);
  }
  fillRect(x: number, y: number, w: number, h: number): void {
    const box = `x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"`;
    this.parts.push(`<rect ${box} fill="${colour(this.fillStyle)}"${this.alpha()}/>`);
  }
  strokeRect(x: number, y: number, w: number, h: number): void {
    const box = `x="${n(x)}" y="${n(y)}" width="${n(Math.max(0, w))}" height="${n(Math.max(0, h))}"`;
    this.parts.push(`<rect ${box} fill="none"${this.pen()}/>`);
  }
  fillText(text: string, x: number, y: number): void {
    const [, weight, size] = /^(?:(\d{3}) )?([\d.]+)px/.exec(this.font) ?? [];
    const anchor = ANCHORS[this.textAlign];
    this.parts.push(
      `<text x="${n(x)}" y="${n(y)}" dy="0.35em" font-size="${size ?? '10'}"${weight ? ` font-weight="${weight}"` : ''}` +
        `${anchor ? ` text-anchor="${anchor}"` : ''} fill="${colour(this.fillStyle)}"${this.alpha()}>${escapeXml(text)}</text>`,
    );
  }
  measureText(text: string): TextMetrics {
    // the painter asks for nothing but the width
    return { width: this.measure(text, this.font) } as TextMetrics;
  }

  private group(attributes: string): void {
    this.parts.push(`<g ${attributes}>`);
    this.groups++;
  }
  private alpha(): string {
    return this.globalAlpha < 1 ? ` opacity="${n(this.globalAlpha)}"` : '';
  }
  private pen(): string {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(' ')}"` : '';
    const width = this.lineWidth === 1 ? '' : ` stroke-width="${n(this.lineWidth)}"`;
    return ` stroke="${colour(this.strokeStyle)}"${width}${dash}${this.alpha()}`;
  }
}
