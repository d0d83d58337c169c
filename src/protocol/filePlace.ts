/** A byte of a file of this machine that is open, by the system's number: a thread can read on from there by itself. */
export interface FilePlace {
  descriptor: number;
  position: number;
}
