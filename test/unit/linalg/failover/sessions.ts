/**
 * Sessions on a real device whose backend moves the real bytes through the device (upload, read back, compare) and leaves the numbers
 * to the reference: what fails in these tests is the device, whose kernels have tests of their own.
 */
import { type DawnDevice, findGpu, probeDevice } from '../../../../src/linalg/dawn/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../../../../src/linalg/backend.ts';
import type { GpuSession } from '../../../../src/linalg/failover/index.ts';
import { createReferenceBackend } from '../../../../src/linalg/reference/index.ts';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { STORAGE_BUFFER } from '../../../../src/linalg/webgpu/flags.ts';
import { bundleDirectory } from '../dawn/adapter.ts';

export interface Device {
  session: GpuSession;
  gpu: GPUDevice;
  context: GpuContext;
  closed: boolean;
}
/** What happens before a pair is computed on the device. */
export type Before = (device: Device, pair: number, signal: AbortSignal) => Promise<void> | void;

export async function openSession(before: Before, memoryCap = 2 ** 28): Promise<Device> {
  const found = await findGpu({ requested: 'gpu', bundleDirectory, memoryMiB: 0, suspect: false });
  if (!found.device) throw new Error(found.report.why);
  return sessionOver(found.device, before, memoryCap);
}

export function sessionOver(dawn: DawnDevice, before: Before, memoryCap: number): Device {
  const context = createGpuContext(dawn.device, { memoryCap });
  const reference = createReferenceBackend();
  let pairs = 0;
  const roundTrip = async ({ data }: Matrix, signal: AbortSignal): Promise<void> => {
    const buffer = await context.pool.acquire('matrix', data.byteLength, STORAGE_BUFFER);
    context.device.queue.writeBuffer(buffer, 0, data as Uint8Array<ArrayBuffer>);
    const back = new Uint8Array(await context.read(buffer, 0, data.byteLength, signal));
    context.pool.release(buffer);
    if (!back.every((byte, i) => byte === data[i])) throw new Error('The device changed the bytes.');
  };
  const backend: LinearAlgebraBackend = {
    ...reference,
    info: { kind: 'gpu', name: 'round trip', precision: 'float64', threads: 1 },
    parallelism: 4,
    comparePair: async (base, tuned, options) => {
      const signal = options.signal as AbortSignal;
      await before(device, ++pairs, signal);
      await roundTrip(base, signal);
      await roundTrip(tuned, signal);
      return reference.comparePair(base, tuned, options);
    },
  };
  const device: Device = {
    gpu: dawn.device,
    context,
    closed: false,
    session: {
      backend,
      lost: dawn.lost,
      probe: async () => (await probeDevice(dawn.device, 5000)).reason,
      close: async () => {
        device.closed = true;
        context.dispose();
        await dawn.close();
      },
    },
  };
  return device;
}
