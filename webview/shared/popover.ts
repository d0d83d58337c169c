/** Menus and small forms that open at a button: the browser's own popovers, put beside what opens them. */

/** CSS pixels between them, and to the edge of the page. */
const GAP = 4;
const EDGE = 8;

/** For `@beforetoggle` of a popover: below the button that names it, its right edges aligned if there is room. */
export function placeAtButton(event: Event): void {
  const panel = event.currentTarget as HTMLElement;
  if ((event as ToggleEvent).newState !== 'open') return;
  const button = document.querySelector(`[popovertarget="${panel.id}"]`);
  if (!button) return;
  const { bottom, right } = button.getBoundingClientRect();
  panel.style.setProperty('top', `${bottom + GAP}px`);
  panel.style.setProperty('right', `${Math.max(EDGE, document.documentElement.clientWidth - right)}px`);
}
/** For `@click` of an entry: the menu that it stands in closes. */
export function closePopover(event: Event): void {
  const panel = (event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]');
  panel?.hidePopover();
}
export const isPopoverOpen = (): boolean => document.querySelector(':popover-open') !== null;
