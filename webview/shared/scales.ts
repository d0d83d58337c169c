/** Theme colours for canvas, and the two colour scales. Nothing here knows a hex value of a theme. */
export type Rgb = [number, number, number];

/** Any CSS colour expression, resolved by the browser. Kept until the theme changes: reading a pixel back is slow. */
class ThemeColours {
  private readonly known = new Map<string, Rgb>();
  private paper: { element: HTMLElement; known: Map<string, Rgb> } | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly pixel: CanvasRenderingContext2D | null;

  constructor() {
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    this.pixel = canvas.getContext('2d', { willReadFrequently: true });
    // VS Code puts the theme's class on the body and its colours on the root element's style.
    const observer = new MutationObserver(() => {
      this.known.clear();
      for (const listener of this.listeners) listener();
    });
    for (const element of [document.documentElement, document.body])
      observer.observe(element, { attributes: true, attributeFilter: ['class', 'style'] });
  }
  rgb(expression: string): Rgb {
    const cache = this.paper?.known ?? this.known;
    const known = cache.get(expression);
    if (known) return known;
    const colour = this.resolve(expression);
    cache.set(expression, colour);
    return colour;
  }
  get isOnPaper(): boolean {
    return this.paper !== null;
  }
  onPaper<T>(draw: () => T): T {
    const element = document.createElement('div');
    element.className = 'paper';
    document.body.append(element);
    this.paper = { element, known: new Map() };
    try {
      return draw();
    } finally {
      this.paper = null;
      element.remove();
    }
  }
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  private resolve(expression: string): Rgb {
    const pixel = this.pixel;
    if (!pixel) return [128, 128, 128];
    const probe = document.createElement('span');
    (this.paper?.element ?? document.body).append(probe);
    for (const layer of ['var(--vscode-editor-background)', expression]) {
      probe.style.color = layer;
      pixel.fillStyle = getComputedStyle(probe).color;
      pixel.fillRect(0, 0, 1, 1);
    }
    probe.remove();
    const [r = 0, g = 0, b = 0] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b];
  }
}
/** One per document, made on first use: importing this file touches no DOM. */
const byDocument = new WeakMap<Document, ThemeColours>();
function colours(): ThemeColours {
  let found = byDocument.get(document);
  if (!found) byDocument.set(document, (found = new ThemeColours()));
  return found;
}

/** Any CSS colour expression as 0..255, composed over the editor background. */
export const rgb = (expression: string): Rgb => colours().rgb(expression);
/** Runs the drawing with the colours of white paper in place of the theme's. It must not wait for anything. */
export const onPaper = <T>(draw: () => T): T => colours().onPaper(draw);
/** Runs the listener after the theme changed; canvases have to be drawn again. Gives the way to stop. */
export const onThemeChange = (listener: () => void): (() => void) => colours().onChange(listener);
export const css = (c: Rgb): string => `rgb(${c.map(Math.round).join(' ')})`;

export type Theme = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';
/** VS Code's theme class: on the body in a webview, on the root element in previews. */
export function theme(): Theme {
  const classes = [...document.body.classList, ...document.documentElement.classList];
  if (classes.includes('vscode-high-contrast-light')) return 'high-contrast-light';
  if (classes.includes('vscode-high-contrast')) return 'high-contrast';
  return classes.includes('vscode-light') ? 'light' : 'dark';
}
const isLight = (): boolean => colours().isOnPaper || theme() === 'light' || theme() === 'high-contrast-light';

const toLinear = (v: number): number => (v <= 0.04045 * 255 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
const toSrgb = (v: number): number => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const luminance = ([r, g, b]: Rgb): number => 0.2126 * toLinear(r) + 0.7152 * toLinear(g) + 0.0722 * toLinear(b);

/** OKLab (Ottosson 2020), from and to sRGB 0..255. */
function toOklab(c: Rgb): Rgb {
  const [r, g, b] = [toLinear(c[0]), toLinear(c[1]), toLinear(c[2])];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
function fromOklab([L, a, b]: Rgb): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channel = (v: number): number => toSrgb(Math.min(1, Math.max(0, v)));
  return [
    channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    channel(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}
/** Between two colours in OKLab, t 0..1. */
export function mix(from: Rgb, to: Rgb, t: number): Rgb {
  const a = toOklab(from);
  const b = toOklab(to);
  const at = (i: 0 | 1 | 2): number => a[i] + (b[i] - a[i]) * t;
  return fromOklab([at(0), at(1), at(2)]);
}
/** t in -1..1 (clamped): neutral near the background at 0, blue below, ochre above. */
export function diverging(t: number): Rgb {
  const clamped = Math.max(-1, Math.min(1, t));
  // a little steeper near 0, where the two neutral-looking colours lie closest
  return mix(rgb('var(--ox-neutral)'), rgb(clamped < 0 ? 'var(--ox-off)' : 'var(--ox-on)'), Math.abs(clamped) ** 0.85);
}
/** Cividis (Nuñez, Anderton and Renslow 2018), ten stops. */
const CIVIDIS: readonly Rgb[] = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
];
/** Its twin on light themes: the same hues the other way, the low end paled to the background, so that little never looks like much. */
const PALE: readonly Rgb[] = [
  [251, 246, 222],
  [240, 230, 184],
  [222, 209, 152],
  [198, 187, 138],
  [170, 163, 130],
  [138, 134, 120],
  [109, 110, 115],
  [81, 88, 110],
  [45, 64, 104],
  [0, 34, 78],
];
/** t in 0..1 (clamped): cividis, its low end toward the background of the theme. */
export function sequential(t: number): Rgb {
  const stops = isLight() ? PALE : CIVIDIS;
  const x = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(x));
  return mix(stops[i] ?? [0, 0, 0], stops[i + 1] ?? [0, 0, 0], x - i);
}
/** Text that reads on a fill: whichever of black and white contrasts more; 0.179 is where both do equally. */
export const inkOn = (c: Rgb): string => (luminance(c) > 0.179 ? '#000' : '#fff');
