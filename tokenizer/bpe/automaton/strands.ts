/** A chunk of a document, cut into eight strands that are encoded at once (strand-kernels.ts). */
import { NO_TOKEN } from './automaton.ts';
import { compileStrandKernels, type StrandKernels } from './strand-kernels.ts';
import { layoutOf, REST, STRAND_CHUNK, STRANDS } from './strand-layout.ts';

/** Views of the memory that the kernels work on. */
export class Strands {
  readonly kernels: StrandKernels;
  readonly table: Uint16Array;
  readonly outputs: Uint32Array;
  readonly entry: Uint32Array;
  readonly input: Uint8Array;
  /** States of each strand. */
  readonly states: Uint16Array[];
  readonly tokens: Uint16Array[];
  readonly #most: Uint32Array;

  /**
   * @param longest length of the longest token in bytes, at most `LONGEST`
   * @param states number of states to reserve, at most `MAX_STATES`
   */
  constructor(longest: number, states: number) {
    const at = layoutOf(longest);
    // Zero pages cost nothing until they are written to.
    const limits = { initial: at.pages, maximum: at.pages, shared: false };
    const memory = new WebAssembly.Memory(limits);
    const { buffer } = memory;
    this.table = new Uint16Array(buffer, at.table, states * 256);
    this.outputs = new Uint32Array(buffer, at.outputs, states);
    this.entry = new Uint32Array(buffer, at.entry, STRANDS);
    this.#most = new Uint32Array(buffer, at.most, 1);
    this.input = new Uint8Array(buffer, at.input, STRAND_CHUNK + REST);
    const views = (start: number, stride: number) =>
      Array.from(
        { length: STRANDS },
        (_, n) => new Uint16Array(buffer, start + n * stride, stride / 2),
      );
    this.states = views(at.states, at.stateStride);
    this.tokens = views(at.tokens, at.tokenStride);
    this.kernels = compileStrandKernels(memory, at, longest);
  }

  /** Number of tokens that `emit` found in a strand, which end at a 0xffff. */
  tokensOf(strand: number): number {
    const tokens = this.tokens[strand];
    let [low, high] = [0, this.#most[0]];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (tokens[middle] === NO_TOKEN) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
