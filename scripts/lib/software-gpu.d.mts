export interface SoftwareGpu {
  name: string;
  env: Record<string, string>;
}
export function ensureSoftwareGpu(
  root: string,
  options?: { system?: boolean; lavapipe?: boolean; log?: (line: string) => void },
): SoftwareGpu;
export function knownSoftwareGpu(root: string): SoftwareGpu | null;
