/** Keys and values of the tokens that a decoder has seen, so that each is computed only once. */
import type { Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';

interface Piece {
  k: Tensor4D;
  v: Tensor4D;
}

/**
 * New tokens go to a short piece, which is copied at each step. Once it has this many tokens it is
 * joined to the long piece, which is copied only then.
 */
const SHORT_PIECE = 64;

/**
 * The cache of one batch of sequences, all of the same length. `Llama.forwardCached` fills it; its
 * owner disposes of it.
 */
export class KeyValueCache {
  /** Number of tokens seen, which is the position of the next one. */
  length = 0;
  readonly #backend: Backend;
  /** A long and a short piece per layer; each tensor is [batch, kvHeads, ·, headSize]. */
  readonly #layers: { long?: Piece; short?: Piece }[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * Copies the keys and values of a layer's new tokens into the cache; the caller still owns its
   * tensors.
   * @returns all keys and values that the new tokens may attend to, in order; the cache owns them
   */
  append(layer: number, k: Tensor4D, v: Tensor4D): Piece[] {
    const pieces = (this.#layers[layer] ??= {});
    pieces.short = this.#join(pieces.short, { k, v });
    if (pieces.short.k.shape[2] >= SHORT_PIECE) {
      pieces.long = this.#join(pieces.long, pieces.short);
      disposePiece(pieces.short);
      pieces.short = undefined;
    }
    return [pieces.long, pieces.short].filter((piece) => piece !== undefined);
  }

  /** Copies the first `length` tokens; the copy belongs to the caller. */
  fork(length: number): KeyValueCache {
    const { tf } = this.#backend;
    const cache = new KeyValueCache(this.#backend);
    cache.length = length;
    for (const [layer, { long, short }] of this.#layers.entries()) {
      const pieces = [long, short].filter((piece) => piece !== undefined);
      const first = (parts: Tensor4D[]): Tensor4D =>
        tf.tidy(() => {
          const whole = parts.length === 1 ? parts[0] : tf.concat(parts, 2);
          const [batch, heads, , size] = whole.shape;
          return tf.slice(whole, [0, 0, 0, 0], [batch, heads, length, size]);
        });
      const k = tf.keep(first(pieces.map((piece) => piece.k)));
      const v = tf.keep(first(pieces.map((piece) => piece.v)));
      cache.#layers[layer] = { long: { k, v } };
    }
    return cache;
  }

  dispose(): void {
    for (const { long, short } of this.#layers) {
      disposePiece(long);
      disposePiece(short);
    }
    this.#layers.length = 0;
    this.length = 0;
  }

  /**
   * Concatenates two pieces and disposes of the first; the second still belongs to its owner.
   * `keep` protects the result from the tidy scope of the current step.
   */
  #join(first: Piece | undefined, second: Piece): Piece {
    const { tf } = this.#backend;
    const join = (a: Tensor4D | undefined, b: Tensor4D) =>
      tf.keep(a ? tf.concat([a, b], 2) : tf.clone(b));
    const joined = { k: join(first?.k, second.k), v: join(first?.v, second.v) };
    disposePiece(first);
    return joined;
  }
}

function disposePiece(piece: Piece | undefined): void {
  piece?.k.dispose();
  piece?.v.dispose();
}
