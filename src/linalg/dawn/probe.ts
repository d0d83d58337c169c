/**
 * The read-back probe: sixteen bytes go to a buffer of the device and come back through a mapped one. It finds a runtime that allows
 * no mapped memory (Electron forbids external array buffers, dawn-gpu/node-webgpu#5), and a device that is there but does not work.
 */
import type { ProbeResult } from '../../protocol/gpu.ts';

/** A driver that takes longer than this for sixteen bytes hangs; a cold one on a busy machine takes a second or two. */
export const PROBE_TIMEOUT_MS = 20_000;

// The numbers of WebGPU's GPUBufferUsage and GPUMapMode, whose globals a plain Node lacks.
const USAGE = { mapRead: 1, copySource: 4, copyDestination: 8 } as const;
const MAP_READ = 1;
const BYTES = 16;

/** Never throws. The device must not be in use of a mapped buffer of the same call. */
export async function probeDevice(device: GPUDevice, timeoutMs = PROBE_TIMEOUT_MS): Promise<ProbeResult> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
  });
  try {
    const reason = await Promise.race([readBack(device), timeout, device.lost.then(lostReason)]);
    return { ok: reason === null, elapsedMs: performance.now() - start, reason };
  } catch (error) {
    return { ok: false, elapsedMs: performance.now() - start, reason: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

function lostReason({ message, reason }: GPUDeviceLostInfo): string {
  return `the device was lost (${message || reason})`;
}

/** Null when the bytes came back as they went. */
async function readBack(device: GPUDevice): Promise<string | null> {
  const sent = crypto.getRandomValues(new Uint8Array(BYTES));
  const source = device.createBuffer({ size: BYTES, usage: USAGE.copySource | USAGE.copyDestination });
  const target = device.createBuffer({ size: BYTES, usage: USAGE.mapRead | USAGE.copyDestination });
  try {
    device.queue.writeBuffer(source, 0, sent);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, BYTES);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(MAP_READ);
    const received = new Uint8Array(target.getMappedRange().slice(0));
    target.unmap();
    return received.every((byte, i) => byte === sent[i]) ? null : 'the bytes read back are not the bytes written';
  } finally {
    source.destroy();
    target.destroy();
  }
}
