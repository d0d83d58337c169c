/**
 * A device of Dawn and what it must not outlive. If the object from `create()` is collected before the device, Dawn works on freed
 * memory: a segmentation fault or a hang. So the three are one object, and its life is tied to the device's: the reaction on
 * `device.lost`, which Dawn itself holds until the device is gone, keeps all of them.
 */
import type { AdapterFacts } from '../../protocol/gpu.ts';
import { adapterFacts, namedLimits, USED_FEATURES } from './adapter.ts';
import type { DawnLibrary } from './library.ts';

/** An adapter that was asked for, with the library's object that must be kept with it. */
export interface HeldAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  facts: AdapterFacts;
}

/** The fastest adapter of this machine; null where there is none. Throws what the library throws. */
export async function requestAdapter(library: DawnLibrary): Promise<HeldAdapter | null> {
  const gpu = library.create();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter && { gpu, adapter, facts: adapterFacts(adapter) };
}

export class DawnDevice {
  /** Settles, never rejects, when the device is gone, be it by `close()`; the text says why. */
  readonly lost: Promise<string>;
  isLost = false;
  private held: { gpu: GPU; adapter: GPUAdapter; device: GPUDevice } | null;

  private constructor(held: { gpu: GPU; adapter: GPUAdapter; device: GPUDevice }) {
    this.held = held;
    this.lost = held.device.lost.then(({ reason, message }) => {
      // Until this has run, `this` lives, and with it gpu and adapter.
      this.isLost = true;
      return message || reason;
    });
  }

  /**
   * A fresh device with the adapter's values of the named limits and the features in use. An adapter gives one device only; `held` is
   * used up. Throws where the driver refuses.
   */
  static async open({ gpu, adapter }: HeldAdapter): Promise<DawnDevice> {
    const device = await adapter.requestDevice({
      requiredLimits: namedLimits(adapter.limits),
      requiredFeatures: USED_FEATURES.filter((feature) => adapter.features.has(feature)),
    });
    return new DawnDevice({ gpu, adapter, device });
  }

  /** Throws `bug` after close(). */
  get device(): GPUDevice {
    if (!this.held) throw new Error('The GPU device is used after it was closed.');
    return this.held.device;
  }

  /** Destroys the device and waits for its end; only then the library's object may go. */
  async close(): Promise<void> {
    const { held } = this;
    if (!held) return;
    held.device.destroy();
    await this.lost;
    this.held = null;
  }
}
