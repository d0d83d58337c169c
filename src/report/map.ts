/** The map of one figure, layers from left to right and modules from top to bottom, as SVG inside HTML. Pure. */
import { greatest, least } from '../protocol/lists.ts';
import { svg } from '../text/show.ts';

export type MapCell =
  | { state: 'value'; value: number; text: string }
  /** nothing changed; not finite; no value of this figure; its reading failed */
  | { state: 'same' | 'nan' | 'none' | 'failed' };
/** `size`: from the least to the greatest value, logarithmic. `factor`: about 1, where it is blank; two hues for the two sides. */
export type MapScale = 'size' | 'factor';
export interface MapOfFigure {
  title: string;
  layers: readonly number[];
  modules: readonly { id: string; label: string }[];
  scale: MapScale;
  /** null: not compared, no cell is drawn */
  cell(layer: number, module: string): MapCell | null;
  /** writes the ends of the scale */
  write(value: number): string;
}

/** Pixels of a cell; cells are narrower if there are many layers. */
const CELL = 20;
const WIDTHS = { least: 6, most: 28, all: 800 };
/** Of 11 pixels: a character is about 6.2 wide. */
const CHARACTER = 6.4;
const LABEL_LENGTH = 28;
const SIGNS = { same: '=', nan: '!', none: '\u2013', failed: '\u00d7' } as const;
const MEANINGS = {
  same: 'unchanged',
  nan: 'not finite',
  none: 'this figure has no value',
  failed: 'could not be compared',
} as const;
/** A factor of 2 has full colour only if there is none further away. */
const LEAST_FOLD = Math.LN2;
const FAINT = 0.1;

/** Opacity and class of a value: the page under it is light or dark. */
type Shade = (value: number) => { side: 'over' | 'under'; opacity: number };
interface Shading {
  shade: Shade;
  /** values for the legend, ascending */
  stops: number[];
}

function shadingOf(scale: MapScale, values: readonly number[]): Shading {
  const positive = values.filter((value) => value > 0);
  if (scale === 'factor') {
    const far = Math.max(LEAST_FOLD, greatest(positive.map((value) => Math.abs(Math.log(value)))));
    return {
      shade: (value) => ({
        side: value > 1 ? 'over' : 'under',
        opacity: value > 0 ? Math.min(1, Math.abs(Math.log(value)) / far) : 1,
      }),
      stops: [-1, -0.5, 0, 0.5, 1].map((part) => Math.exp(part * far)),
    };
  }
  const [low, high] = [Math.log(least(positive)), Math.log(greatest(positive))];
  const at = (value: number): number => (high > low ? (Math.log(value) - low) / (high - low) : 1);
  const ends = high > low ? [0, 0.25, 0.5, 0.75, 1] : [1];
  return {
    shade: (value) => ({ side: 'over', opacity: value > 0 ? FAINT + (1 - FAINT) * at(value) : 0 }),
    stops: positive.length ? ends.map((part) => Math.exp(low + part * (high - low))) : [],
  };
}

/** Of HTML; an image of its own needs the namespace. A map without cells is its axes. */
export function mapSvg({ title, layers, modules, scale, cell, write }: MapOfFigure): string {
  const cells = modules.flatMap(({ id, label }, row) =>
    layers.flatMap((layer, column) => {
      const found = cell(layer, id);
      return found ? [{ found, row, column, place: `layer ${layer}, ${label}` }] : [];
    }),
  );
  const { shade, stops } = shadingOf(
    scale,
    cells.flatMap(({ found }) => (found.state === 'value' ? [found.value] : [])),
  );
  const width = Math.max(WIDTHS.least, Math.min(WIDTHS.most, Math.floor(WIDTHS.all / Math.max(1, layers.length))));
  const labels = modules.map(({ label }) => (label.length > LABEL_LENGTH ? `${label.slice(0, LABEL_LENGTH)}…` : label));
  const left = Math.ceil(CHARACTER * greatest([...labels.map(({ length }) => length), 6], 6)) + 8;
  const bottom = CELL * modules.length;
  const drawn = cells.map(({ found, row, column, place }) => {
    const [x, y] = [left + column * width, row * CELL];
    const told = found.state === 'value' ? found.text : MEANINGS[found.state];
    const fill = found.state === 'value' ? shaded(shade(found.value)) : 'class="none"';
    const sign =
      found.state === 'value'
        ? ''
        : `<text x="${x + width / 2}" y="${y + 14}" class="mid">${SIGNS[found.state]}</text>`;
    return `<g><title>${svg(`${place}: ${told}`)}</title><rect x="${x}" y="${y}" width="${width - 1}" height="${CELL - 1}" ${fill}/>${sign}</g>`;
  });
  // numbers of three digits need 24 pixels
  const every = Math.ceil(24 / width);
  const axis = layers.flatMap((layer, column) =>
    column % every === 0
      ? [`<text x="${left + column * width + width / 2}" y="${bottom + 13}" class="mid">${layer}</text>`]
      : [],
  );
  const legend = stops.map((stop, at) => {
    const x = left + at * 76;
    return `<rect x="${x}" y="${bottom + 24}" width="14" height="14" ${shaded(shade(stop))}/><text x="${x + 18}" y="${bottom + 35}">${svg(write(stop))}</text>`;
  });
  const states = (['same', 'nan', 'none', 'failed'] as const).filter((state) =>
    cells.some(({ found }) => found.state === state),
  );
  const signs = states.map((state) => `${SIGNS[state]} ${MEANINGS[state]}`).join('   ');
  const [w, h] = [left + Math.max(layers.length * width, 380) + 8, bottom + 44 + (signs ? 16 : 0)];
  return [
    `<svg width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${svg(title)}" class="offaxis-map">`,
    `<style>${STYLE}</style>`,
    ...labels.map((label, row) => `<text x="${left - 6}" y="${row * CELL + 14}" class="end">${svg(label)}</text>`),
    ...drawn,
    `<text x="${left - 6}" y="${bottom + 13}" class="end">layer</text>`,
    ...axis,
    ...legend,
    ...(signs ? [`<text x="${left}" y="${bottom + 53}">${svg(signs)}</text>`] : []),
    '</svg>',
  ].join('\n');
}

const shaded = ({ side, opacity }: ReturnType<Shade>): string =>
  `class="${side}" fill-opacity="${Number(opacity.toFixed(3))}"`;

const STYLE = [
  '.offaxis-map{font:11px system-ui,sans-serif}',
  '.offaxis-map text{fill:#1f2328}.offaxis-map .end{text-anchor:end}.offaxis-map .mid{text-anchor:middle}',
  '.offaxis-map rect{stroke:#8c959f;stroke-opacity:.5}.offaxis-map .none{fill:none}',
  '.offaxis-map .over{fill:#bc4c00}.offaxis-map .under{fill:#0969da}',
  '@media (prefers-color-scheme:dark){.offaxis-map text{fill:#e6edf3}.offaxis-map .over{fill:#ffa657}.offaxis-map .under{fill:#79c0ff}}',
].join('');
