/**
 * `<ox-matrix-picture .client .source>`: a matrix as a picture, from the whole down to single weights. The part on show is asked of the
 * engine anew whenever it changes; until it comes, what is there is drawn enlarged.
 */
import { LitElement, nothing, type TemplateResult } from 'lit';
import type { Picture, PictureKind, PictureSource } from '../../../src/protocol/matrix.ts';
import { MAX_PICTURE_SIDE } from '../../../src/protocol/matrix.ts';
import { bytes } from '../format.ts';
import type { Heads } from '../heads.ts';
import { legendRamp } from '../heatmap-paint.ts';
import { html } from '../html.ts';
import { t } from '../l10n.ts';
import { MatrixError, type MatrixClient, type PictureProgress } from '../matrix-client.ts';
import { onThemeChange } from '../scales.ts';
import { STEPS, stepped, type Cursor } from './cursor.ts';
import {
  kindName,
  pixelReading,
  scalingOf,
  shownOf,
  spotOf,
  type Scaling,
  type Spot,
  type Statistic,
} from './figures.ts';
import { failure, legend, progressRow, toolbar, type Choice } from './parts.ts';
import { bitmapOf, hatchOf, paint, Palette, type Scene } from './paint.ts';
import { GAP, PROFILE } from './profiles.ts';
import { pan, rectangleOf, reveal, wholeOf, zoom, type Viewport } from './viewport.ts';

export interface MatrixSource {
  /** another key is another matrix */
  key: string;
  label: string;
  dtype: string;
  rows: number;
  columns: number;
  /** what can be drawn; the first at first */
  kinds: readonly PictureKind[];
  ask(kind: PictureKind): PictureSource;
  heads: Heads;
  /** to be read for the whole picture */
  bytes: number;
  /** up to this it is drawn at once, beyond on request */
  unaskedBytes: number;
  /** CSS pixels; by default the picture may become higher */
  mostHeight?: number;
}

/** Height of the picture for a width, CSS pixels. */
const MIN_HEIGHT = 140;
const MAX_HEIGHT = 440;
/** A wheel is many changes. */
const SETTLE_MS = 120;
const WHEEL_STEP = 1.0015;
const KEY_ZOOM = 1.6;

interface Drawn {
  picture: Picture;
  shown: Float32Array | Float64Array;
  scaling: Scaling;
  palette: Palette;
  hatch: number | null;
  bitmap: HTMLCanvasElement;
}

export class MatrixPicture extends LitElement {
  static override properties = { client: { attribute: false }, source: { attribute: false } };
  declare client: MatrixClient;
  declare source: MatrixSource;
  private kind: PictureKind = 'values';
  private statistic: Statistic = 'mean';
  private isFull = false;
  private view: Viewport = wholeOf(1, 1);
  private drawn: Drawn | null = null;
  private spot: Spot | null = null;
  private cursor: Cursor | null = null;
  private progress: PictureProgress | null = null;
  private error: string | null = null;
  private isAsked = false;
  private shownKey = '';
  private width = 0;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private grip: { x: number; y: number; view: Viewport } | null = null;
  private stopTheme: (() => void) | null = null;
  private readonly observer = new ResizeObserver(() => this.resized());

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
    this.stopTheme = onThemeChange(() => this.redo());
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
    this.stopTheme?.();
    this.stop();
    this.shownKey = '';
  }

  private get height(): number {
    const { rows, columns } = this.source;
    return Math.round(
      Math.max(MIN_HEIGHT, Math.min(this.source.mostHeight ?? MAX_HEIGHT, (this.width * rows) / columns)),
    );
  }
  private get waits(): boolean {
    return !this.isAsked && this.source.bytes > this.source.unaskedBytes;
  }

  protected override willUpdate(): void {
    const { source } = this;
    if (source.key === this.shownKey) return;
    this.shownKey = source.key;
    this.stop();
    if (!source.kinds.includes(this.kind)) this.kind = source.kinds[0] ?? 'values';
    this.view = wholeOf(source.rows, source.columns);
    this.drawn = null;
    this.spot = this.cursor = this.error = null;
    this.isAsked = false;
    this.ask(0);
  }

  protected override render(): TemplateResult {
    const { source } = this;
    if (this.waits)
      return html`<div class="mp-wait" data-state="waits">
        <p class="quiet">${t('The picture reads {0} from the disk.', bytes(source.bytes))}</p>
        <button class="secondary" data-action="draw" @click=${() => this.start()}>${t('Draw Picture')}</button>
      </div>`;
    const whole = this.view.rows >= source.rows && this.view.columns >= source.columns;
    const { kind, statistic, isFull } = this;
    const tools = toolbar(
      { kinds: source.kinds, kind, statistic, isFull, isWhole: whole },
      {
        choose: (change) => this.choose(change),
        zoom: (by) => (by === 0 ? this.toWhole() : this.zoomBy(KEY_ZOOM ** by)),
      },
    );
    return html`${tools}
      <div
        class="mp-canvas"
        tabindex="0"
        role="application"
        aria-roledescription=${t('picture of a matrix')}
        aria-label=${t('{0}: {1}. Arrow keys move, plus and minus zoom, Shift with an arrow pans, 0 shows the whole.', source.label, kindName(this.kind))}
        data-picture=${this.drawn ? 'drawn' : 'pending'}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
        @wheel=${{ handleEvent: (event: WheelEvent) => this.wheel(event), passive: false }}
        @pointerdown=${(event: PointerEvent) => this.hold(event)}
        @pointermove=${(event: PointerEvent) => this.point(event)}
        @pointerup=${() => (this.grip = null)}
        @pointerleave=${() => this.leave()}
        @focus=${() => this.draw()}
        @blur=${() => this.draw()}
      >
        <canvas aria-hidden="true"></canvas>
      </div>
      <p class="mp-readout small" aria-live="polite" data-reading>${this.reading()}</p>
      ${this.state()} ${this.drawn ? legend(this.drawn.picture, this.drawn.scaling) : nothing}`;
  }
  protected override updated(): void {
    this.resized();
    this.draw();
  }

  private reading(): string {
    return this.drawn && this.spot ? pixelReading(this.drawn.picture, this.spot) : '';
  }
  private state(): TemplateResult | typeof nothing {
    if (this.error !== null) return failure(this.error, () => this.start());
    return this.progress ? progressRow(this.progress, () => this.cancel()) : nothing;
  }

  // ---------- asking ----------
  private start(): void {
    this.isAsked = true;
    this.error = null;
    this.ask(0);
    this.requestUpdate();
  }
  private choose(change: Choice): void {
    const isOther = change.kind !== undefined && change.kind !== this.kind;
    this.kind = change.kind ?? this.kind;
    this.statistic = change.statistic ?? this.statistic;
    this.isFull = change.isFull ?? this.isFull;
    if (isOther) this.ask(0);
    else this.redo();
    this.requestUpdate();
  }
  private stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = null;
    this.progress = null;
  }
  private cancel(): void {
    this.stop();
    if (!this.drawn) this.error = t('Cancelled before the picture was there.');
    this.requestUpdate();
  }
  private ask(delay: number): void {
    this.stop();
    this.timer = setTimeout(() => void this.fetch(), delay);
  }
  private async fetch(): Promise<void> {
    if (this.width <= 0 || this.waits) return;
    const abort = new AbortController();
    this.abort = abort;
    const ratio = window.devicePixelRatio || 1;
    const pixels = (size: number): number => Math.max(1, Math.min(MAX_PICTURE_SIDE, Math.floor(size * ratio)));
    const request = {
      ...rectangleOf(this.view),
      source: this.source.ask(this.kind),
      width: pixels(this.width),
      height: pixels(this.height),
    };
    const told = (progress: PictureProgress): void => {
      this.progress = progress;
      this.requestUpdate();
    };
    try {
      const picture = await this.client.picture(request, told, abort.signal);
      if (this.abort !== abort) return;
      this.error = null;
      this.take(picture);
    } catch (error) {
      if (this.abort !== abort || (error instanceof MatrixError && error.isCancelled)) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.abort = null;
    this.progress = null;
    this.requestUpdate();
  }
  private take(picture: Picture): void {
    const shown = shownOf(picture, this.statistic);
    const scaling = scalingOf(picture.kind, shown, this.isFull);
    const palette = new Palette(scaling.scale);
    const hatch = hatchOf(picture, this.width / picture.width);
    this.drawn = { picture, shown, scaling, palette, hatch, bitmap: bitmapOf(picture, shown, palette, hatch) };
    this.locate();
  }
  private redo(): void {
    if (this.drawn) this.take(this.drawn.picture);
    this.requestUpdate();
  }

  // ---------- drawing ----------
  private resized(): void {
    const width = Math.floor((this.querySelector('.mp-canvas')?.clientWidth ?? 0) - GAP - PROFILE);
    if (width === this.width || width <= 0) return;
    this.width = width;
    this.draw();
    this.ask(this.drawn ? SETTLE_MS : 0);
  }
  private draw(): void {
    const canvas = this.querySelector<HTMLCanvasElement>('.mp-canvas > canvas');
    const { drawn, source, view, width, height, spot } = this;
    if (!canvas || width <= 0) return;
    if (!drawn) {
      canvas.style.height = `${height + GAP + PROFILE}px`;
      return;
    }
    const { rows, columns, heads } = source;
    const isFocused = document.activeElement === canvas.parentElement;
    const { picture, shown, palette, hatch, bitmap } = drawn;
    const scene: Scene = {
      picture,
      shown,
      scale: drawn.scaling.scale,
      view,
      heads,
      rows,
      columns,
      width,
      height,
      spot,
      isFocused,
      hatch,
    };
    paint(canvas, scene, bitmap, palette);
    const ramp = this.querySelector<HTMLCanvasElement>('.mp-ramp');
    if (ramp) legendRamp(ramp, drawn.scaling.scale, 96);
  }

  // ---------- moving ----------
  private look(view: Viewport, delay = SETTLE_MS): void {
    this.view = view;
    this.ask(delay);
    this.requestUpdate();
  }
  private toWhole(): void {
    this.look(wholeOf(this.source.rows, this.source.columns), 0);
  }
  private zoomBy(factor: number): void {
    const { row, column } = this.cursor ?? {
      row: this.view.row + this.view.rows / 2,
      column: this.view.column + this.view.columns / 2,
    };
    this.look(zoom(this.view, factor, row, column, this.source));
  }
  private locate(): void {
    this.spot = this.cursor && this.drawn ? spotOf(this.drawn.picture, this.cursor.row, this.cursor.column) : null;
  }
  private weightAt(event: MouseEvent): Cursor | null {
    const box = this.querySelector('.mp-canvas')?.getBoundingClientRect();
    if (!box) return null;
    const x = (event.clientX - box.left) / this.width;
    const y = (event.clientY - box.top) / this.height;
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return null;
    return {
      row: Math.floor(this.view.row + y * this.view.rows),
      column: Math.floor(this.view.column + x * this.view.columns),
    };
  }
  private wheel(event: WheelEvent): void {
    const at = this.weightAt(event);
    // at the whole, a wheel that would zoom out further scrolls the page
    if (!at || (event.deltaY > 0 && this.view.rows >= this.source.rows && this.view.columns >= this.source.columns))
      return;
    // a page that is scrolled past the picture must not be caught by it
    if (!event.ctrlKey && !event.metaKey && !this.contains(document.activeElement)) return;
    event.preventDefault();
    this.look(zoom(this.view, WHEEL_STEP ** -event.deltaY, at.row + 0.5, at.column + 0.5, this.source));
  }
  private hold(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.grip = { x: event.clientX, y: event.clientY, view: this.view };
    (event.currentTarget as HTMLElement).focus();
  }
  private point(event: PointerEvent): void {
    const { grip } = this;
    if (grip && event.buttons === 1) {
      const rows = ((grip.y - event.clientY) / this.height) * grip.view.rows;
      const columns = ((grip.x - event.clientX) / this.width) * grip.view.columns;
      return this.look(pan(grip.view, rows, columns, this.source));
    }
    this.cursor = this.weightAt(event);
    this.locate();
    this.requestUpdate();
  }
  private leave(): void {
    this.grip = null;
    if (document.activeElement === this.querySelector('.mp-canvas')) return;
    this.cursor = null;
    this.locate();
    this.requestUpdate();
  }
  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { view, source } = this;
    if (event.key === '+' || event.key === '=') this.zoomBy(KEY_ZOOM);
    else if (event.key === '-') this.zoomBy(1 / KEY_ZOOM);
    else if (event.key === '0') this.toWhole();
    else {
      const step = STEPS.get(event.key);
      if (!step) return;
      if (event.shiftKey && Number.isFinite(step[1]))
        this.look(pan(view, (step[0] * view.rows) / 4, (step[1] * view.columns) / 4, source));
      else this.step(...step);
    }
    event.preventDefault();
    event.stopPropagation();
  }
  private step(down: number, right: number): void {
    this.cursor = stepped(this.cursor, this.spot, { down, right }, this.view, this.source);
    const next = reveal(this.view, this.cursor.row, this.cursor.column, this.source);
    this.locate();
    if (next.row !== this.view.row || next.column !== this.view.column) this.look(next);
    else this.requestUpdate();
  }
}
if (!customElements.get('ox-matrix-picture')) customElements.define('ox-matrix-picture', MatrixPicture);
