/** The blocks of values around what is in view, read as they are needed and forgotten when many others came since. */
import type { ValuesBlock } from '../../../src/protocol/matrix.ts';
import type { GridSource } from './grid.ts';

const TILE_ROWS = 64;
const TILE_COLUMNS = 16;
/** About 2 MB of values and codes. */
const KEPT = 128;

export class Tiles {
  private readonly blocks = new Map<string, ValuesBlock | 'pending' | 'failed'>();
  /** why the last block did not come */
  failure: string | null = null;

  constructor(
    private readonly source: Pick<GridSource, 'rows' | 'columns' | 'read'>,
    private readonly changed: () => void,
  ) {}

  /** The block that holds an element and its place in it; asked for, and null, if it is not there yet. */
  at(row: number, column: number): { block: ValuesBlock; index: number } | null {
    const tileRow = Math.floor(row / TILE_ROWS);
    const tileColumn = Math.floor(column / TILE_COLUMNS);
    const key = `${tileRow},${tileColumn}`;
    const block = this.blocks.get(key);
    if (block === undefined) {
      this.blocks.set(key, 'pending');
      void this.read(key, tileRow * TILE_ROWS, tileColumn * TILE_COLUMNS);
      return null;
    }
    if (typeof block === 'string') return null;
    // the last used stay longest
    this.blocks.delete(key);
    this.blocks.set(key, block);
    const index = (row - block.rows[0]) * (block.columns[1] - block.columns[0]) + column - block.columns[0];
    return { block, index };
  }

  private async read(key: string, row: number, column: number): Promise<void> {
    try {
      const block = await this.source.read(
        [row, Math.min(this.source.rows, row + TILE_ROWS)],
        [column, Math.min(this.source.columns, column + TILE_COLUMNS)],
      );
      this.blocks.set(key, block);
      this.failure = null;
      for (const old of this.blocks.keys()) {
        if (this.blocks.size <= KEPT) break;
        this.blocks.delete(old);
      }
    } catch (error) {
      this.blocks.set(key, 'failed');
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.changed();
  }
}
