/** The colour ramp of a heatmap under its picture: the page has it as a canvas of its own. */
import { ends, isDiverging, type Scale } from './heatmap-scale.ts';
import { css, diverging, rgb, sequential } from './scales.ts';
import { escapeXml } from './sheet.ts';
import { SvgContext } from './canvas-svg.ts';
import { t } from './l10n.ts';

interface Fragment {
  markup: string;
  width: number;
  height: number;
}
const RAMP = 140;
const STEPS = 70;
const HEIGHT = 30;

/** `labels` stand at the two ends of the ramp, `words` beside it. */
export function withLegend(drawn: Fragment, scale: Scale, labels: readonly [string, string], words: string): Fragment {
  const context = new SvgContext('legend', () => 0);
  for (let i = 0; i < STEPS; i++) {
    const unit = i / (STEPS - 1);
    context.fillStyle = css(isDiverging(scale) ? diverging(unit * 2 - 1) : sequential(unit));
    context.fillRect(60 + (i * RAMP) / STEPS, 12, RAMP / STEPS + 0.2, 10);
  }
  context.fillStyle = css(rgb('var(--ox-quiet)'));
  context.font = '12px sans-serif';
  context.textAlign = 'right';
  context.fillText(labels[0], 54, 17);
  context.textAlign = 'left';
  context.fillText(labels[1], 66 + RAMP, 17);
  context.fillText(words, 120 + RAMP, 17);
  const [lo, hi] = ends(scale);
  return {
    markup: `${drawn.markup}<g transform="translate(0 ${drawn.height})"><desc>${escapeXml(t('{0} to {1}', lo, hi))}</desc>${context.markup}</g>`,
    width: drawn.width,
    height: drawn.height + HEIGHT,
  };
}
