// Asks Dawn for this process's adapter, moves 16 bytes there and back, and prints the adapter's name as JSON.
// A process of its own: a driver that does not fit may end it. usage: node scripts/lib/gpu-probe.mjs
import { create, globals } from 'webgpu';

const { GPUBufferUsage, GPUMapMode } = globals;
// Held until after destroy(): Dawn's objects use the instance without keeping it alive.
const held = { gpu: create([]), adapter: null, device: null };
globalThis.offaxisProbe = held;
held.adapter = await held.gpu.requestAdapter();
if (!held.adapter) throw new Error('Dawn finds no adapter here.');
held.device = await held.adapter.requestDevice();
const { device } = held;
const sent = new Uint32Array([1, 0xfffffff0, 42, 7]);
const there = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
const back = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
device.queue.writeBuffer(there, 0, sent);
const encoder = device.createCommandEncoder();
encoder.copyBufferToBuffer(there, 0, back, 0, 16);
device.queue.submit([encoder.finish()]);
await back.mapAsync(GPUMapMode.READ);
const received = new Uint32Array(back.getMappedRange().slice(0));
if (!received.every((word, index) => word === sent[index])) throw new Error(`The adapter returned ${received}.`);
const { vendor, architecture, device: name, description } = held.adapter.info;
console.log(JSON.stringify({ vendor, architecture, name: [name, description].filter(Boolean).join(', ') }));
device.destroy();
