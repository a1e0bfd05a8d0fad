/** TensorFlow's own resize, as its version 1 did it by default. */
import type { Backend } from '../../compute/choose.ts';
import type { RgbPicture } from '../../evaluation/pictures/resize.ts';

/**
 * `ResizeBilinear` with corners at one end and no half pixels.
 * @returns [side, side, 3]
 */
export function resizeBilinear(
  { tf, native }: Backend,
  { data, width, height }: RgbPicture,
  side: number,
): Float32Array {
  const { run, binding } = native!;
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT } = binding;
  const flag = (name: string) => ({ name, type: TF_ATTR_BOOL, value: false });
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    ...[flag('align_corners'), flag('half_pixel_centers')],
  ];
  return tf.tidy(() => {
    const picture = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const size = tf.tensor1d([side, side], 'int32');
    return run('ResizeBilinear', attributes, [picture, size], 1)[0].dataSync() as Float32Array;
  });
}
