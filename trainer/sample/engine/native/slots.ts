/** The sequences of the native engine. Those that are open have the first slots of the cache. */
import type { CachedSequence } from '../engine.ts';

export class SlotSequence implements CachedSequence {
  length = 0;
  readonly capacity: number;
  slot: number;

  constructor(slot: number, capacity: number) {
    this.slot = slot;
    this.capacity = capacity;
  }
}

/** A copy of all keys and values of a slot to another one. */
export interface SlotCopy {
  from: number;
  to: number;
}

export class Slots {
  readonly #sequences: (SlotSequence | undefined)[];
  /** Copies that the device has to make before the next step, in this order. */
  #copies: SlotCopy[] = [];

  constructor(slots: number) {
    this.#sequences = Array.from({ length: slots });
  }

  /** @returns undefined while no slot is free */
  open(capacity: number): SlotSequence | undefined {
    const slot = this.#sequences.indexOf(undefined);
    if (slot < 0) return undefined;
    const sequence = new SlotSequence(slot, capacity);
    this.#sequences[slot] = sequence;
    return sequence;
  }

  fork(source: SlotSequence, length: number, capacity: number): SlotSequence | undefined {
    const fork = this.open(capacity);
    if (fork === undefined) return undefined;
    fork.length = length;
    this.#copies.push({ from: source.slot, to: fork.slot });
    return fork;
  }

  close({ slot }: SlotSequence): void {
    this.#sequences[slot] = undefined;
  }

  /** Moves the last sequences into gaps. @returns the copies to make now */
  settle(): SlotCopy[] {
    for (;;) {
      const gap = this.#sequences.indexOf(undefined);
      const last = this.#sequences.findLast((sequence) => sequence !== undefined);
      if (gap < 0 || last === undefined || last.slot < gap) break;
      this.#sequences[last.slot] = undefined;
      this.#sequences[gap] = last;
      this.#copies.push({ from: last.slot, to: gap });
      last.slot = gap;
    }
    const copies = this.#copies;
    this.#copies = [];
    return copies;
  }

  /** All open sequences, in the order of their slots. Only after `settle`. */
  get sequences(): SlotSequence[] {
    return this.#sequences.filter((sequence) => sequence !== undefined);
  }
}
