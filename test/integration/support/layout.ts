/** What can go wrong with the layout of a page, measured in it: overflow, labels that are cut, texts of a drawing that lie over each other. */
import type { Workbench } from './workbench.ts';

export interface Layout {
  /** CSS pixels by which the page is wider than its window */
  overflow: number;
  /** texts that do not fit their element */
  cut: string[];
  /** texts of one drawing that lie over each other */
  overprinted: string[];
  /** of the height of the window; null without a map */
  mapShare: number | null;
}
/** Elements that show their text whole. */
const WHOLE =
  '.tab, .kn, .kr, .kv, .sign, .ramp, .an-name, .plot-title, .clause, .detail-head h2, .rank th, .filter, .nav, summary';

/** Gives the page itself this size, in CSS pixels, whatever lies around it in the window. */
export async function sized(workbench: Workbench, width: number, height: number): Promise<void> {
  const { page } = workbench;
  for (let attempt = 0; attempt < 10; attempt++) {
    const outer = page.viewportSize() ?? { width, height };
    const inner = await workbench
      .view()
      .locator('html')
      .evaluate(() => ({ width: window.innerWidth, height: window.innerHeight }));
    if (attempt > 1 && inner.width === width && inner.height === height) return;
    await page.setViewportSize({
      width: outer.width + width - inner.width,
      height: outer.height + height - inner.height,
    });
    // the canvases follow with the next frames
    await page.waitForTimeout(500);
  }
}

export function layoutOf(workbench: Workbench): Promise<Layout> {
  return workbench
    .view()
    .locator('html')
    .evaluate((root, whole) => {
      const isShown = (element: Element): boolean => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
      };
      const cut = [...document.querySelectorAll(whole)].filter(
        (element) => isShown(element) && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1,
      );
      const overprinted: string[] = [];
      for (const drawing of document.querySelectorAll('svg')) {
        const texts = [...drawing.querySelectorAll('text')].filter(isShown);
        const boxes = texts.map((text) => text.getBoundingClientRect());
        boxes.forEach((a, i) =>
          boxes.slice(i + 1).forEach((b, k) => {
            const isOver = a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
            if (isOver) overprinted.push(`${texts[i]?.textContent} / ${texts[i + 1 + k]?.textContent}`);
          }),
        );
      }
      const map = document.querySelector('.map');
      return {
        overflow: Math.max(0, root.scrollWidth - root.clientWidth),
        cut: cut.map((element) => (element.textContent ?? '').trim().slice(0, 60)),
        overprinted,
        mapShare: map && isShown(map) ? map.clientHeight / window.innerHeight : null,
      };
    }, WHOLE);
}
