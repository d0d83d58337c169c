/** What the tools need of the engine: satisfied by the engine in process and by the client of its process. */
import type {
  CheckpointFacts,
  CompareRequest,
  ComparisonEvent,
  EngineCalls,
  EngineStreams,
  InspectionEvent,
  ModuleList,
} from '../protocol/engine.ts';
import type { ScanEvent } from '../protocol/health.ts';
import type { SeveralEvent, SeveralRequest } from '../protocol/several.ts';
import type { VerifyEvent, VerifyRequest } from '../protocol/verify.ts';
import type { Roots } from './admission.ts';
import type { TokenBudget } from './budget.ts';

export interface AssistantEngine {
  open(params: { path: string }, signal: AbortSignal): Promise<CheckpointFacts>;
  modules(params: Parameters<EngineCalls['modules']>[0], signal: AbortSignal): Promise<ModuleList>;
  inspect(params: Parameters<EngineStreams['inspect']>[0], signal: AbortSignal): AsyncIterable<InspectionEvent>;
  compare(params: CompareRequest, signal: AbortSignal): AsyncIterable<ComparisonEvent>;
  scan(params: { path: string }, signal: AbortSignal): AsyncIterable<ScanEvent>;
  several(params: SeveralRequest, signal: AbortSignal): AsyncIterable<SeveralEvent>;
  verify(params: VerifyRequest, signal: AbortSignal): AsyncIterable<VerifyEvent>;
}
/** What surrounds one call of a tool. */
export interface ToolContext {
  engine: AssistantEngine;
  /** a path from a model, made absolute */
  resolve(path: string): string | Promise<string>;
  /** where it may lie; absent: anywhere, as a user has agreed */
  roots?: Roots;
  /** for the caller's tokenizer; without it tokens are estimated */
  budget(requested: number): TokenBudget;
  signal: AbortSignal;
}
