/** Tests that need a GPU; the other tests of the trainer run on it too, by `npm run test:gpu`. */
import { chooseBackend } from '../../compute/choose.ts';
import { linear } from '../../trainer/ops/linear.ts';
import { difference, random } from '../helpers/gradcheck.ts';
import { testIf } from '../helpers/tools.ts';

testIf(
  process.env.CODEC_LM_TEST_GPU === '1',
  '`npm run test:gpu` runs it where there is a GPU',
  'the tests run on the GPU, and a layer there is the layer of plain arithmetic',
  async (t) => {
    const backend = await chooseBackend();
    t.is(backend.device, 'gpu', backend.reason);
    const [x, weight] = [random<never>([64, 96], 1), random<never>([48, 96], 2)];
    const [a, w] = [x, weight].map((tensor: { dataSync(): Float32Array }) => tensor.dataSync());
    const expected = Float32Array.from({ length: 64 * 48 }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < 96; k++) sum += a[Math.floor(i / 48) * 96 + k] * w[(i % 48) * 96 + k];
      return sum;
    });
    // Tensor cores would be off by 1e-3: fp32 has to be fp32.
    t.true(difference(linear(backend, x, weight).dataSync(), expected) < 1e-5);
  },
);
