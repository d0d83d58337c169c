/** A drawing on a sheet of its own: background, title, fonts that every machine has. Pure: text in, text out. */
import { svg } from '../../src/text/show.ts';

export const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif';
const PAD = 16;
const TITLE = 24;

export interface SheetContent {
  /** SVG elements, drawn from 0 0 */
  markup: string;
  width: number;
  height: number;
  title: string;
  background: string;
  foreground: string;
}
/** What XML cannot hold is shown as an escape: one NUL would make the whole picture unreadable. */
export const escapeXml = (text: string): string => svg(text);

/** A whole SVG document, with its size in CSS pixels. */
export function sheet({ markup, width, height, title, background, foreground }: SheetContent): {
  markup: string;
  width: number;
  height: number;
} {
  const w = Math.ceil(width + 2 * PAD);
  const h = Math.ceil(height + 2 * PAD + TITLE);
  const text = escapeXml(title);
  return {
    width: w,
    height: h,
    markup:
      `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="${escapeXml(FONT)}">` +
      `<title>${text}</title><rect width="${w}" height="${h}" fill="${background}"/>` +
      `<text x="${PAD}" y="${PAD + 12}" font-size="13" font-weight="600" fill="${foreground}">${text}</text>` +
      `<g transform="translate(${PAD} ${PAD + TITLE})">${markup}</g></svg>\n`,
  };
}
