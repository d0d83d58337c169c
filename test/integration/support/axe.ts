/** axe-core inside a webview: what a screen reader or a keyboard user would stumble over. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { expect } from 'vitest';
import type { Workbench } from './workbench.ts';

/** What fails a test; the lesser ones are listed. */
const FAILING = new Set(['serious', 'critical']);

/** One rule that is broken, with the elements that break it. */
export interface Violation {
  rule: string;
  impact: string;
  help: string;
  elements: string[];
}

/**
 * The violations of WCAG 2 A and AA and of axe's best practices in the document of the webview on show. axe-core is put into the page by
 * the browser's debugger, which the page's content security policy does not bind: the policy under test stays as it is.
 */
export async function violations(workbench: Workbench): Promise<Violation[]> {
  const root = await workbench.view().locator('html').elementHandle();
  const frame = await root?.ownerFrame();
  if (!frame) throw new Error('no webview is on show');
  // Animations at their end: a colour on its way is not a colour of the page.
  await frame.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => undefined))));
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await frame.evaluate(source);
  const results = await frame.evaluate(async () => {
    const { axe: runner } = window as unknown as { axe: typeof axe };
    return runner.run(document, { resultTypes: ['violations'], iframes: false });
  });
  return results.violations.map(({ id, impact, help, nodes }) => ({
    rule: id,
    impact: impact ?? 'minor',
    help,
    elements: nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary ?? ''}`),
  }));
}

/** No serious or critical violation; all others are printed. */
export async function expectAccessible(workbench: Workbench, what: string): Promise<void> {
  const found = await violations(workbench);
  const text = ({ rule, impact, help, elements }: Violation): string =>
    `${rule} (${impact}): ${help}\n${elements.map((element) => `    ${element.replace(/\s+/g, ' ')}`).join('\n')}`;
  const failing = found.filter(({ impact }) => FAILING.has(impact));
  const lesser = found.filter(({ impact }) => !FAILING.has(impact));
  if (lesser.length) console.log(`  axe, ${what}: ${lesser.map(text).join('\n')}`);
  expect(failing.map(text).join('\n'), `axe, ${what}`).toBe('');
}
