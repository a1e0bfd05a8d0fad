/** What choosing a backend tells. */

/** The backend has been chosen. Sent once per process, to the first caller. */
export interface BackendEvent {
  type: 'backend';
  name: 'native' | 'wasm';
  device: 'cpu' | 'gpu';
  /** One line for people: the backend that runs, and why. */
  reason: string;
}
