/**
 * A device of Dawn, from its request to its end. The instance that it stands on is kept by the library (library.ts): collected before
 * the device, it leaves Dawn working on freed memory, a segmentation fault or a hang.
 */
import type { AdapterFacts } from '../../protocol/gpu.ts';
import { adapterFacts, namedLimits, USED_FEATURES } from './adapter.ts';
import type { DawnLibrary } from './library.ts';

/** An adapter that was asked for, and what it says of itself. */
export interface FoundAdapter {
  adapter: GPUAdapter;
  facts: AdapterFacts;
}

/** The fastest adapter of this machine; null if there is none. Throws what the library throws. */
export async function requestAdapter(library: DawnLibrary): Promise<FoundAdapter | null> {
  const adapter = await library.create().requestAdapter({ powerPreference: 'high-performance' });
  return adapter && { adapter, facts: adapterFacts(adapter) };
}

export class DawnDevice {
  /** Settles, never rejects, when the device is gone, be it by `close()`; the text says why. */
  readonly lost: Promise<string>;

  private constructor(readonly device: GPUDevice) {
    this.lost = device.lost.then(({ reason, message }) => message || reason);
  }

  /**
   * A fresh device with the adapter's values of the named limits and the features in use. An adapter gives one device only. Throws
   * if the driver refuses.
   */
  static async open({ adapter }: FoundAdapter): Promise<DawnDevice> {
    const device = await adapter.requestDevice({
      requiredLimits: namedLimits(adapter.limits),
      requiredFeatures: USED_FEATURES.filter((feature) => adapter.features.has(feature)),
    });
    return new DawnDevice(device);
  }

  /** Destroys the device and waits for its end. */
  async close(): Promise<void> {
    this.device.destroy();
    await this.lost;
  }
}
