/** The way to the extension host: typed messages, and the UI state that VS Code keeps for the page. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export interface Host<ToView, FromView> {
  post(message: FromView): void;
  onMessage(listener: (message: ToView) => void): void;
  /** what `setState` kept, over a reload too; from an older version it can be anything */
  getState(): unknown;
  setState(state: unknown): void;
}
/** Call it once a page: VS Code hands its API out a single time. */
export function connectHost<ToView, FromView>(): Host<ToView, FromView> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    onMessage: (listener) =>
      window.addEventListener('message', (event: MessageEvent<unknown>) => {
        // Frames of other origins can post here as well; only the host's messages carry a type.
        if (typeof event.data === 'object' && event.data !== null && 'type' in event.data)
          listener(event.data as ToView);
      }),
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}
