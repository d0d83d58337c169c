/** Facts of checkpoints that no editor has open, read from their headers and kept while the files stay as they are. */
import { disk, stampText } from '../bytes/index.ts';
import type { EngineClient } from '../engine/client.ts';
import type { CheckpointFacts, OpenLimits } from '../protocol/engine.ts';
import { unpackFacts } from '../protocol/packedFacts.ts';

/** A large model's rows take some 10 MB. */
const KEPT = 8;
/** A hover is not worth more: the index and headers of the largest model known, and a disk that answers. */
const LIMITS: OpenLimits = { headerBytes: 32e6, milliseconds: 3000 };

export class HeaderCache {
  private readonly kept = new Map<string, { mark: string; facts: CheckpointFacts }>();

  constructor(private readonly engine: Pick<EngineClient, 'call'>) {}

  /** Null if there is no such file. Throws as `open` does, for a checkpoint that is too large or too slow for a hover, too. */
  async facts(path: string, signal: AbortSignal): Promise<CheckpointFacts | null> {
    const kind = await disk.kind(path).catch(() => null);
    const mark = stampText(await disk.stamp(path));
    if (kind !== 'file' || signal.aborted) return null;
    const known = this.kept.get(path);
    if (known?.mark === mark) return known.facts;
    const facts = unpackFacts(await this.engine.call('open', { path, limits: LIMITS }, signal));
    this.kept.delete(path);
    this.kept.set(path, { mark, facts });
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return facts;
  }
}
