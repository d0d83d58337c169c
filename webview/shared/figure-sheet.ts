/** The comparison as one picture: the answer, the key figures in a row, the map. Pure: texts and drawings in, one SVG document out. */
import { escapeXml, FONT } from './sheet.ts';
import { greatest } from '../../src/protocol/lists.ts';

export interface Fragment {
  /** SVG elements, drawn from 0 0 */
  markup: string;
  width: number;
  height: number;
}
export interface FigureCard {
  title: string;
  figure: string;
  /** beside the figure: what it is a mean of, the verdict */
  aside: string;
  bullet: Fragment | null;
  /** the nulls and limits, each with its figure */
  keys: readonly string[];
  reading: string;
}
export interface FigureContent {
  title: string;
  subtitle: string;
  /** sentences */
  answer: readonly string[];
  cards: readonly FigureCard[];
  map: { title: string; text: string; drawing: Fragment } | null;
  footer: string;
}
export interface FigureStyle {
  background: string;
  foreground: string;
  quiet: string;
  rule: string;
  /** width of a text in the picture's font, CSS pixels */
  measure(text: string, size: number, weight?: number): number;
}
const PAD = 24;
const GAP = 20;
const SMALL = 11;
const LINE = 15;

/** Width of the picture, CSS pixels: what the map needs, at least room for the cards. */
export const FIGURE_WIDTH = 1120;

export function figureSheet(content: FigureContent, style: FigureStyle): Fragment {
  const { foreground, quiet, rule, background } = style;
  const inner = FIGURE_WIDTH - 2 * PAD;
  const out: string[] = [];
  let y = PAD + 14;
  const text = (value: string, x: number, at: number, size: number, fill: string, weight = 400): void =>
    void out.push(
      `<text x="${round(x)}" y="${round(at)}" font-size="${size}" fill="${fill}"${weight === 400 ? '' : ` font-weight="${weight}"`}>${escapeXml(value)}</text>`,
    );
  const draw = (drawing: Fragment, x: number, at: number): void =>
    void out.push(`<g transform="translate(${round(x)} ${round(at)})">${drawing.markup}</g>`);

  text(content.title, PAD, y, 17, foreground, 600);
  y += 20;
  for (const line of wrap(content.subtitle, inner, 12, style)) {
    text(line, PAD, y, 12, quiet);
    y += LINE + 1;
  }
  y += 8;
  for (const line of wrap(content.answer.join(' '), inner, 14, style)) {
    text(line, PAD, y + 6, 14, foreground);
    y += LINE + 5;
  }
  if (content.answer.length) y += 10;

  const each = (inner - GAP * (content.cards.length - 1)) / Math.max(1, content.cards.length);
  const titles = content.cards.map((card) => wrap(card.title, each, 12, style, 600));
  // Figures stand on one line, below the longest title.
  const titleLines = greatest(
    titles.map((lines) => lines.length),
    1,
  );
  let lowest = y;
  content.cards.forEach((card, i) => {
    const x = PAD + i * (each + GAP);
    let at = y + 12;
    titles[i]?.forEach((line, k) => text(line, x, at + k * (LINE + 1), 12, foreground, 600));
    at += 26 + (titleLines - 1) * (LINE + 1);
    text(card.figure, x, at, 20, foreground);
    const used = style.measure(card.figure, 20) + 10;
    const aside = wrap(card.aside, each - used, SMALL, style);
    aside
      .slice(0, 2)
      .forEach((line, k) => text(line, x + used, at - (aside.length > 1 ? 12 : 0) + k * 13, SMALL, quiet));
    at += 10;
    if (card.bullet) {
      draw(card.bullet, x, at);
      at += card.bullet.height + 4;
    }
    at += 10;
    for (const line of card.keys.flatMap((key) => wrap(key, each, SMALL, style))) {
      text(line, x, at, SMALL, quiet);
      at += LINE - 1;
    }
    at += 4;
    for (const line of wrap(card.reading, each, SMALL, style)) {
      text(line, x, at, SMALL, foreground);
      at += LINE - 1;
    }
    lowest = Math.max(lowest, at);
  });
  y = lowest + 6;

  const section = (title: string, note: string): void => {
    out.push(`<path d="M${PAD} ${round(y)}H${FIGURE_WIDTH - PAD}" stroke="${rule}" fill="none"/>`);
    y += 22;
    text(title, PAD, y, 13, foreground, 600);
    const rest = wrap(note, inner - style.measure(title, 13, 600) - 14, 12, style)[0] ?? '';
    text(rest, PAD + style.measure(title, 13, 600) + 14, y, 12, quiet);
    y += 14;
  };
  if (content.map) {
    section(content.map.title, content.map.text);
    draw(content.map.drawing, PAD, y);
    y += content.map.drawing.height + 12;
  }
  y += 8;
  for (const line of wrap(content.footer, inner, SMALL, style)) {
    text(line, PAD, y, SMALL, quiet);
    y += LINE - 1;
  }
  const height = Math.ceil(y + PAD - 10);
  return {
    width: FIGURE_WIDTH,
    height,
    markup:
      `<svg xmlns="http://www.w3.org/2000/svg" width="${FIGURE_WIDTH}" height="${height}" viewBox="0 0 ${FIGURE_WIDTH} ${height}" font-family="${escapeXml(FONT)}">` +
      `<title>${escapeXml(content.title)}</title><rect width="${FIGURE_WIDTH}" height="${height}" fill="${background}"/>${out.join('')}</svg>\n`,
  };
}

/** Lines of at most this width; a word that is longer stands alone. */
export function wrap(
  value: string,
  width: number,
  size: number,
  { measure }: Pick<FigureStyle, 'measure'>,
  weight = 400,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of value.split(/[ \n\t]+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && measure(longer, size, weight) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}
const round = (value: number): number => Number(value.toFixed(1));
