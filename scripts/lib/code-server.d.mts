export interface CodeServer {
  url: string;
  pid: number;
  log: string;
  exited: Promise<number | null>;
  stop(): Promise<void>;
}
export const SETTINGS: Record<string, unknown>;
export function freePort(): Promise<number>;
export function startCodeServer(options: {
  tools: { node: string; entry: string };
  folder: string;
  workspace: string;
  extensions: string;
  settings?: Record<string, unknown>;
  password?: string;
  trust?: boolean;
  env?: Record<string, string>;
}): Promise<CodeServer>;
