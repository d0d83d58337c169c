/** One line of progress on standard error; rewritten in place on a terminal, silent otherwise. */
export class ProgressLine {
  private shown = '';
  private last = 0;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(text: string): void {
    const now = Date.now();
    if (!this.stream.isTTY || now - this.last < 100) return;
    this.last = now;
    this.stream.write(`\r${text.padEnd(this.shown.length)}`);
    this.shown = text;
  }
  clear(): void {
    if (this.shown) this.stream.write(`\r${' '.repeat(this.shown.length)}\r`);
    this.shown = '';
  }
}

export function timeLeft(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 90) return `, about ${Math.max(1, Math.round(seconds))} s left`;
  return `, about ${Math.round(seconds / 60)} min left`;
}
