/** Three steps of a small model on a dataset, with its events on the screen. */
import { fit } from 'codec-lm/trainer';

const [data, out] = process.argv.slice(2);
const { step, loss, checkpoint } = await fit({
  data,
  out,
  preset: 'tiny',
  config: {
    model: { hiddenSize: 32, layers: 1, heads: 2, kvHeads: 2, intermediateSize: 64 },
    train: { steps: 3, microBatch: 1, peakFlops: 1e9 },
  },
  onEvent(event) {
    if (event.type === 'backend') console.log(event.reason);
    if (event.type === 'step')
      console.log(`${event.metrics.step}: ${event.metrics.loss.toFixed(3)}`);
  },
});
console.log(`step ${step}, loss ${loss?.toFixed(3)}, ${checkpoint}`);
