import type { Locator } from 'playwright-core';

/**
 * Presses a button that opens something, or stays pressed, unless it stands so already: a second try finds what the first one left. What
 * comes onto the page at that moment may move the button from under the pointer: then it is pressed once more.
 */
export async function turn(button: Locator, isOn: boolean): Promise<void> {
  const state = async (): Promise<string | null> =>
    (await button.getAttribute('aria-expanded')) ?? (await button.getAttribute('aria-pressed'));
  const stands = async (): Promise<boolean> => ((await state()) === 'true') === isOn;
  for (let left = 5; left > 0 && !(await stands()); left--) {
    await button.click();
    for (const end = Date.now() + 10_000; Date.now() < end && !(await stands());)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
