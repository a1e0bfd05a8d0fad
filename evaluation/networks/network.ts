/** A network that turns pictures into features: what all of them have in common. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';

/** SampleRange of a picture's samples before a network's own normalization. */
export type SampleRange = 'byte' | 'unit';

export interface Output {
  /** [pictures, dims] */
  readonly features: Tensor2D;
  /** [pictures, classes], where the network was trained to tell classes. */
  readonly logits?: Tensor2D;
}

export interface Network {
  /** As results name it: `FID` alone only for FID's own Inception. */
  readonly name: string;
  /** What the Fréchet distance of its features is called. */
  readonly distance: string;
  readonly dims: number;
  /** Width and height of its input in pixels. */
  readonly side: number;
  /** What a sample of that channel becomes: y = (x - shift) / scale. */
  readonly normalize: (range: SampleRange, channel: number) => { shift: number; scale: number };
  /** [pictures, side, side, 3], normalized -> features; whoever calls it disposes of them. */
  run(pictures: Tensor4D): Output;
  dispose(): void;
}

export type NetworkBuilder = (backend: Backend, weights: Weights, path: string) => Network;

/** Means and deviations of ImageNet's colours, 0..1 (torchvision's own constants). */
const MEANS = [0.485, 0.456, 0.406];
const DEVIATIONS = [0.229, 0.224, 0.225];

export function imageNetNormalize(range: SampleRange, channel: number) {
  const unit = range === 'byte' ? 255 : 1;
  return { shift: MEANS[channel] * unit, scale: DEVIATIONS[channel] * unit };
}
