/** The small pictures of the glossary: sketches of what a term means, no data. 196 x 54 CSS pixels each. */
import type { TermId } from './glossary.ts';
import { t } from './l10n.ts';
import { path, s, text } from './svg.ts';

const WIDTH = 196;
const HEIGHT = 54;
type Marks = readonly SVGElement[];
type Point = readonly [x: number, y: number];

const rect = (x: number, y: number, width: number, height: number, className: string): SVGElement =>
  s('rect', { x, y, width, height, class: className });
const line = (d: string, className: string): SVGElement => s('path', { d, class: className });
const dot = (x: number, y: number, r: number, className: string): SVGElement =>
  s('circle', { cx: x, cy: y, r, class: className });
const each = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** 6 x 8 weights. */
const weights = (className: (row: number, column: number, index: number) => string): Marks =>
  each(48, (i) => {
    const row = Math.floor(i / 8);
    return rect((i % 8) * 8, 4 + row * 8, 7, 7, className(row, i % 8, i));
  });
/** Values that the storage type has, on a line. */
const stored = (): Marks => [line('M0 40H190', 'ax'), ...each(4, (i) => line(`M${20 + i * 48} 34v12`, 'ax'))];
const bars = (heights: readonly number[], width: number, step: number, className: string): Marks =>
  heights.map((height, i) => rect(i * step, 50 - height, width, height, className));
/** Directions around one origin, with one of them drawn out. */
const fan = (): Marks => [
  ...each(9, (i) => {
    const angle = -Math.PI / 2 + (i - 4) * 0.34;
    return line(`M40 46l${(24 * Math.cos(angle)).toFixed(1)} ${(24 * Math.sin(angle)).toFixed(1)}`, 'gr');
  }),
  line('M40 46L43 8M39 13L43 8L46 13', 'l-tuned'),
];
const two = (a: Point, b: Point): Marks => [
  line(path([[10, 48], a]), 'l-base'),
  line(path([[10, 48], b]), 'l-tuned'),
  text(a[0] + 6, a[1] + 4, t('base')),
  text(b[0] + 6, b[1] + 8, t('tuned')),
];
const labels = (x: number, first: string, second: string): Marks => [text(x, 22, first), text(x, 38, second)];

const DRAWINGS: Readonly<Record<TermId, () => Marks>> = {
  relativeUpdate: () => [
    rect(0, 12, 140, 10, 'b-band'),
    rect(0, 30, 22, 10, 'f-tuned'),
    text(146, 21, t('base')),
    text(28, 39, t('change')),
  ],
  rounding: () => [
    ...stored(),
    dot(58, 40, 3.5, 'f-tuned'),
    line('M58 34C59 22 66 22 68 32', 'l-fg'),
    text(76, 20, t('to a stored value')),
  ],
  changed: () => [
    ...weights((_row, _column, i) => ((i * 7) % 10 < 5 ? 'f-tuned' : 'b-track')),
    text(80, 30, t('{0} of {1}', 24, 48)),
  ],
  hidden: () => [
    ...stored(),
    dot(20, 40, 3.5, 'f-base'),
    dot(29, 40, 3.5, 'f-tuned'),
    text(36, 24, t('rounds to the base')),
  ],
  whichChanged: () => [
    ...weights((row, column, i) => {
      if (row < 3 && column < 3) return 'f-on';
      return (i * 5) % 9 < 4 ? 'f-tuned' : 'b-track';
    }),
    ...labels(76, t('main entries'), t('and changed ones')),
  ],
  direction: () => [...fan(), ...labels(80, t('to a main direction,'), t('not just anywhere'))],
  random: () => [
    rect(0, 14, 6, 10, 'b-band'),
    rect(0, 32, 150, 10, 'f-on'),
    text(12, 23, t('random')),
    text(156, 41, '× 25'),
  ],
  noise: () => [...stored(), ...each(24, (i) => dot(6 + ((i * 53) % 180), 12 + ((i * 29) % 18), 1.8, 'f-base'))],
  twin: () => [
    ...weights((_row, _column, i) => ((i * 13) % 7 < 3 ? 'f-base' : 'b-track')),
    ...labels(80, t('same size,'), t('no direction')),
  ],
  updateRank: () => [
    ...bars([40, 26, 7, 3, 2, 2, 1, 1], 8, 10, 'f-tuned'),
    line('M0 38H80', 'l-fg dash'),
    text(90, 30, t('two carry it')),
  ],
  spectrumShift: () => [
    line(
      path([
        [0, 8],
        [30, 22],
        [60, 32],
        [110, 40],
        [180, 45],
      ]),
      'l-base',
    ),
    ...([2, 32, 62, 112, 182] as const).map((x, i) => dot(x, [4, 19, 31, 40, 45][i] ?? 0, 2.5, 'f-tuned')),
  ],
  turn: () => two([110, 10], [126, 30]),
  range: () => [rect(0, 24, 190, 3, 'b-track'), rect(50, 18, 80, 15, 'b-band'), dot(88, 25, 4, 'b-val')],
  tooSmall: () => [rect(0, 10, 80, 32, 'b-band'), ...each(9, (i) => line(`M${i * 9} 42l8 -32`, 'ax'))],
  states: () =>
    ['n/a', 'NaN', '–', '≠', '!', '='].flatMap((sign, i) => [
      s('rect', { x: i * 32 + 0.5, y: 16.5, width: 28, height: 20, class: 'ax' }),
      text(i * 32 + 14, 30, sign, 'middle', 'strong'),
    ]),
  common: () => [
    dot(44, 27, 22, 'l-base'),
    dot(70, 27, 22, 'l-tuned'),
    ...labels(100, t('the overlap'), t('over all')),
  ],
  sameWay: () => [line('M10 48L100 12', 'l-base'), line('M10 48L112 24', 'l-tuned')],
  signs: () =>
    each(5, (i) => [
      line(`M${14 + i * 30} 28V${i === 3 ? 44 : 8}`, 'l-base'),
      line(`M${22 + i * 30} 28V${i === 3 ? 12 : 14}`, 'l-tuned'),
    ])
      .flat()
      .concat(line('M4 28.5H160', 'ax')),
  consensus: () => [...bars([46, 24, 12, 6], 24, 30, 'f-tuned'), ...labels(126, t('none, one,'), t('two …'))],
  straightness: () => [line('M6 46L180 10', 'l-fg dash'), line('M6 46L50 20 80 40 120 12 150 28 180 10', 'l-tuned')],
  oneDirection: () => [
    line('M6 46L180 10', 'l-fg'),
    ...(
      [
        [30, 38],
        [64, 36],
        [98, 26],
        [132, 22],
        [166, 11],
      ] as const
    ).map(([x, y]) => dot(x, y, 3, 'f-tuned')),
  ],
  stableRank: () => [
    ...bars([40, 34, 22, 9, 5, 3, 2, 1], 8, 10, 'f-blue'),
    ...labels(90, t('about three'), t('carry it')),
  ],
  noiseEdge: () => [
    line('M0 30.5H190', 'mp'),
    ...each(16, (i) => dot(6 + i * 11.5, i < 3 ? 8 + i * 7 : 33 + (i - 3) * 1.2, 2.2, 'f-blue')),
    text(190, 24, t('noise ends here'), 'end'),
  ],
  powerLaw: () => [
    line('M4 7L150 38', 'l-fg'),
    ...each(14, (i) => dot(8 + i * 12.5, 8 + i * 2.6 + (i > 10 ? (i - 10) ** 2 : 0), 2.2, 'f-blue')),
  ],
};

/** The picture of a term; it says nothing that the sentence does not, so it has no name of its own. */
export const termPicture = (id: TermId): SVGSVGElement =>
  s('svg', { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' }, DRAWINGS[id]());
