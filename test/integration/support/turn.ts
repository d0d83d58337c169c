import type { Locator } from 'playwright-core';

/** Presses a button that opens something, or stays pressed, unless it stands so already: a second try finds what the first one left. */
export async function turn(button: Locator, isOn: boolean): Promise<void> {
  const state = (await button.getAttribute('aria-expanded')) ?? (await button.getAttribute('aria-pressed'));
  if ((state === 'true') !== isOn) await button.click();
}
