/**
 * torchvision's MobileNetV2 (Sandler et al. 2018), width 1: a small network whose real weights a package
 * registry ships. Distances of its features are no FID and are never called so.
 */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { chain, type Layer, Layers } from './layers.ts';
import { imageNetNormalize, type NetworkBuilder } from './network.ts';
import { Tensors } from './tensors.ts';

const NAME = 'MobileNetV2';
const DIMS = 1280;
const CLASSES = 1000;
const EPSILON = 1e-5;

/** Expansion, channels, repetitions, first stride: table 2 of the paper. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

interface Part {
  name: string;
  from: number;
  to: number;
  kernel?: 1 | 3;
  stride?: number;
  isDepthwise?: boolean;
  isLinear?: boolean;
}

export const buildMobileNet: NetworkBuilder = (backend, weights, path) => {
  const { tf } = backend;
  const tensors = new Tensors(weights, path, NAME);
  const layers = new Layers(backend, tensors);
  /** torchvision numbers the members of a block: the convolution, then its norm. */
  const make = (part: Part, [convolution, norm]: [string, string]): Layer => {
    const { name, from, to, kernel = 1, stride = 1, isDepthwise, isLinear } = part;
    return layers.convolution(
      { convolution: `${name}.${convolution}`, norm: `${name}.${norm}`, epsilon: EPSILON },
      { from, to, kernel: [kernel, kernel], stride, isDepthwise, pad: kernel === 3 ? 1 : 'same' },
      isLinear ? (x) => x : (x: Tensor4D) => tf.relu6(x),
    );
  };
  /** A convolution, its norm and ReLU6 in a Sequential of their own. */
  const unit = (part: Part) => make(part, ['0', '1']);
  const all = [unit({ name: 'features.0', from: 3, to: 32, kernel: 3, stride: 2 })];
  let from = 32;
  let index = 1;
  for (const [expansion, to, repetitions, firstStride] of STAGES) {
    for (let i = 0; i < repetitions; i++) {
      const stride = i === 0 ? firstStride : 1;
      const name = `features.${index++}.conv`;
      const inner = from * expansion;
      const parts = expansion === 1 ? [] : [unit({ name: `${name}.0`, from, to: inner })];
      const at = parts.length;
      parts.push(
        unit({
          name: `${name}.${at}`,
          from: inner,
          to: inner,
          kernel: 3,
          stride,
          isDepthwise: true,
        }),
        make({ name, from: inner, to, isLinear: true }, [String(at + 1), String(at + 2)]),
      );
      const block = chain(...parts);
      all.push(stride === 1 && from === to ? (x) => tf.tidy(() => tf.add(x, block(x))) : block);
      from = to;
    }
  }
  all.push(unit({ name: `features.${index}`, from, to: DIMS }));
  const body = chain(...all);
  const toLogits = layers.linear('classifier.1.weight', 'classifier.1.bias', DIMS, CLASSES);
  tensors.finish();
  return {
    name: NAME,
    distance: 'FD-MobileNetV2',
    dims: DIMS,
    side: 224,
    normalize: imageNetNormalize,
    run: (pictures) =>
      tf.tidy(() => {
        const features = tf.mean(body(pictures), [1, 2]) as Tensor2D;
        return { features, logits: toLogits(features) };
      }),
    dispose: () => layers.dispose(),
  };
};
