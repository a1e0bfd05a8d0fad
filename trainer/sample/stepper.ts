/** A Llama with its cache of keys and values, as the decoder's source of logits. */
import type { Tensor2D } from '@tensorflow/tfjs';
import { KeyValueCache } from '../model/cache.ts';
import type { Llama } from '../model/llama.ts';
import type { Stepper } from './decode.ts';

/** @param sequences decoded at once; their tokens come in step, so all have the same length */
export function createStepper(model: Llama, sequences: number): Stepper {
  const { backend } = model;
  const { tf } = backend;
  const cache = new KeyValueCache(backend);
  return {
    async advance(ids, count) {
      const last = tf.tidy(() => {
        const input = tf.tensor2d(ids, [sequences, count], 'int32');
        const logits = model.forwardCached(input, cache);
        const { vocabSize } = model.config;
        return tf.reshape(tf.slice(logits, [0, count - 1, 0], [-1, 1, -1]), [
          sequences,
          vocabSize,
        ]) as Tensor2D;
      });
      const values = await last.data<'float32'>();
      last.dispose();
      return values;
    },
    dispose: () => cache.dispose(),
  };
}
