/** What is known of this machine's GPU, and where spectra are computed because of it. */

/** What was asked for: the setting offaxis.backend, the command line's --backend. */
export type BackendRequest = 'auto' | 'gpu' | 'cpu';
export const BACKEND_REQUESTS: readonly BackendRequest[] = ['auto', 'gpu', 'cpu'];

/** The program that runs the engine: a real Node, or the Electron of a desktop VS Code in its Node mode. */
export interface EngineRuntime {
  kind: 'node' | 'electron';
  /** Node's version, without "v" */
  version: string;
  /** null in a plain Node */
  electron: string | null;
  execPath: string;
  platform: string;
  arch: string;
}
export interface AdapterFacts {
  /** for people: "NVIDIA H100 PCIe", "llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)" */
  name: string;
  kind: 'hardware' | 'software';
  vendor: string;
  architecture: string;
  device: string;
  /** Dawn's text: on most systems it names the driver and its version */
  driver: string;
  features: string[];
  /** by WebGPU's names; bytes and counts */
  limits: Record<string, number>;
}
/** Sixteen bytes written to a buffer of the device and read back. */
export interface ProbeResult {
  ok: boolean;
  elapsedMs: number;
  /** why it failed; null when it did not */
  reason: string | null;
}
export interface GpuReport {
  requested: BackendRequest;
  chosen: 'gpu' | 'cpu';
  /** why, in one sentence */
  why: string;
  /** what to do about it, in one sentence; null if nothing need or can be done */
  remedy: string | null;
  /** the read-back failed under Electron: a real Node can do better */
  needsNode: boolean;
  runtime: EngineRuntime;
  library: { name: string; file: string | null; reason: string | null };
  adapter: AdapterFacts | null;
  /** null if there was nothing to try it on, or no need to */
  probe: ProbeResult | null;
  /** what the pool of buffers may hold; null without a device */
  memoryCapBytes: number | null;
  /** device failures of this process, oldest first; two make the device suspect */
  failures: string[];
  suspect: boolean;
}
