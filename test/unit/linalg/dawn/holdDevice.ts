/**
 * Run with --expose-gc by dawn.test.ts, bundled: keeps nothing but the GPUDevice, collects garbage hard while the device works, and
 * checks what it computes. Prints "ok" and the reason of the device's end.
 */
import { findGpu } from '../../../../src/linalg/dawn/index.ts';

const [bundleDirectory = '', wayOut = ''] = process.argv.slice(2);
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error('Run with --expose-gc.');

const ROUNDS = 150;
const WORDS = 4096;

/** Only the bare device leaves this function. */
async function bareDevice(): Promise<GPUDevice> {
  const found = await findGpu({ requested: 'gpu', bundleDirectory, memoryMiB: 0, suspect: false });
  if (!found.device) throw new Error(found.report.why);
  return found.device.device;
}

const device = await bareDevice();
const code = `@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) i: vec3<u32>) { a[i.x] = 3u * a[i.x] + 1u; }`;
const pipeline = device.createComputePipeline({
  layout: 'auto',
  compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
});
for (let round = 0; round < ROUNDS; round++) {
  const buffer = device.createBuffer({ size: 4 * WORDS, usage: 128 | 4 | 8 });
  const target = device.createBuffer({ size: 4 * WORDS, usage: 1 | 8 });
  device.queue.writeBuffer(buffer, 0, new Uint32Array(WORDS).fill(round));
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(WORDS / 64);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, target, 0, 4 * WORDS);
  device.queue.submit([encoder.finish()]);
  collect();
  await target.mapAsync(1);
  const words = new Uint32Array(target.getMappedRange().slice(0));
  target.unmap();
  collect();
  if (!words.every((word) => word === 3 * round + 1)) throw new Error(`round ${round}: ${words[0]}`);
  buffer.destroy();
  target.destroy();
}
if (wayOut === 'leave') process.stdout.write('ok\n');
else {
  // buffers, one of them mapped, that outlive their device
  const left = [device.createBuffer({ size: 64, usage: 128 }), device.createBuffer({ size: 64, usage: 1 | 8 })];
  await left[1]?.mapAsync(1);
  device.destroy();
  const { reason } = await device.lost;
  for (let round = 0; wayOut === 'after' && round < 20; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.stdout.write(`ok ${reason}${left.length === 2 ? '' : device.label}\n`);
}
collect();
