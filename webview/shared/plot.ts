/** `<ox-plot .draw=${width => svg}>`: a drawing that follows the width of its place. */
export type Draw = (width: number) => SVGElement;

export class Plot extends HTMLElement {
  private width = 0;
  private drawing: Draw | null = null;
  private readonly observer = new ResizeObserver(() => {
    const width = Math.floor(this.clientWidth);
    if (width === this.width) return;
    this.width = width;
    this.paint();
  });

  set draw(draw: Draw) {
    if (draw === this.drawing) return;
    this.drawing = draw;
    this.paint();
  }
  connectedCallback(): void {
    this.observer.observe(this);
  }
  disconnectedCallback(): void {
    this.observer.disconnect();
    this.width = 0;
  }
  private paint(): void {
    if (this.width > 0 && this.drawing) this.replaceChildren(this.drawing(this.width));
  }
}
if (!customElements.get('ox-plot')) customElements.define('ox-plot', Plot);
