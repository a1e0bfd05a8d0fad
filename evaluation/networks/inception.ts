/**
 * FID's Inception v3, a graph of TensorFlow of 2015 with 1,008 classes, under the names that torchvision
 * gives to its layers (as in pytorch-fid's file of weights). It is not torchvision's Inception: average
 * pools leave padding out of their count, and the last block has a max pool.
 */
import type { Tensor4D } from '@tensorflow/tfjs';
import { chain, inParts, joinBranches, type Layer, Layers } from './layers.ts';
import type { NetworkBuilder, SampleRange } from './network.ts';
import { Tensors } from './tensors.ts';

const NAME = 'FID-Inception';
const DIMS = 2048;
const CLASSES = 1008;
const EPSILON = 1e-3;
/** Pictures that pass the first layers at once. */
const STEM_PICTURES = 2;

/** A layer by its name; kernels are a side, or height and width. */
type Make = (
  name: string,
  from: number,
  to: number,
  kernel?: number | [number, number],
  options?: { stride?: number; pad?: 'same' | 0 },
) => Layer;

interface Kit {
  make: Make;
  /** Runs branches on the same input and joins their channels. */
  join(...branches: Layer[]): Layer;
  averagePool: Layer;
  maxPool: Layer;
  halvingMaxPool: Layer;
}

export const buildInception: NetworkBuilder = (backend, weights, path) => {
  const { tf } = backend;
  const tensors = new Tensors(weights, path, NAME);
  const layers = new Layers(backend, tensors);
  const relu = (x: Tensor4D) => tf.relu(x);
  const make: Make = (name, from, to, kernel = 1, { stride = 1, pad = 'same' } = {}) =>
    layers.convolution(
      { convolution: `${name}.conv`, norm: `${name}.bn`, epsilon: EPSILON },
      { from, to, kernel: typeof kernel === 'number' ? [kernel, kernel] : kernel, stride, pad },
      relu,
    );
  const kit: Kit = {
    make,
    join: (...branches) => joinBranches(tf, branches),
    // The same count of padding as in TensorFlow, where it comes from: none.
    averagePool: (x) => tf.avgPool(x, 3, 1, 'same'),
    maxPool: (x) => tf.maxPool(x, 3, 1, 'same'),
    halvingMaxPool: (x) => tf.maxPool(x, 3, 2, 'valid'),
  };
  const body = chain(inParts(tf, STEM_PICTURES, stemOf(kit)), blocksOf(kit));
  const toLogits = layers.linear('fc.weight', undefined, DIMS, CLASSES);
  // Logits are taken without their bias, which is in the file nevertheless.
  tensors.take('fc.bias', [CLASSES]);
  tensors.finish();
  return {
    name: NAME,
    distance: 'FID',
    dims: DIMS,
    side: 299,
    normalize,
    run: (pictures) =>
      tf.tidy(() => {
        const features = tf.mean(body(pictures), [1, 2]) as ReturnType<typeof toLogits>;
        return { features, logits: toLogits(features) };
      }),
    dispose: () => layers.dispose(),
  };
};

/** Bytes as TensorFlow's graph does, (x - 128) / 128; 0..1 as pytorch-fid does, 2x - 1. */
function normalize(range: SampleRange) {
  return range === 'byte' ? { shift: 128, scale: 128 } : { shift: 0.5, scale: 0.5 };
}

/** [n, 299, 299, 3] -> [n, 35, 35, 192], where nearly all of the memory would go */
function stemOf({ make, halvingMaxPool }: Kit): Layer {
  return chain(
    make('Conv2d_1a_3x3', 3, 32, 3, { stride: 2, pad: 0 }),
    make('Conv2d_2a_3x3', 32, 32, 3, { pad: 0 }),
    make('Conv2d_2b_3x3', 32, 64, 3),
    halvingMaxPool,
    make('Conv2d_3b_1x1', 64, 80),
    make('Conv2d_4a_3x3', 80, 192, 3, { pad: 0 }),
    halvingMaxPool,
  );
}

/** [n, 35, 35, 192] -> [n, 8, 8, 2048] */
function blocksOf(kit: Kit): Layer {
  return chain(
    blockA(kit, 'Mixed_5b', 192, 32),
    blockA(kit, 'Mixed_5c', 256, 64),
    blockA(kit, 'Mixed_5d', 288, 64),
    blockB(kit, 'Mixed_6a', 288),
    blockC(kit, 'Mixed_6b', 128),
    blockC(kit, 'Mixed_6c', 160),
    blockC(kit, 'Mixed_6d', 160),
    blockC(kit, 'Mixed_6e', 192),
    blockD(kit, 'Mixed_7a'),
    blockE(kit, 'Mixed_7b', 1280, kit.averagePool),
    blockE(kit, 'Mixed_7c', 2048, kit.maxPool),
  );
}

function blockA(
  { make, join, averagePool }: Kit,
  name: string,
  from: number,
  pooled: number,
): Layer {
  return join(
    make(`${name}.branch1x1`, from, 64),
    chain(make(`${name}.branch5x5_1`, from, 48), make(`${name}.branch5x5_2`, 48, 64, 5)),
    chain(
      make(`${name}.branch3x3dbl_1`, from, 64),
      make(`${name}.branch3x3dbl_2`, 64, 96, 3),
      make(`${name}.branch3x3dbl_3`, 96, 96, 3),
    ),
    chain(averagePool, make(`${name}.branch_pool`, from, pooled)),
  );
}

function blockB({ make, join, halvingMaxPool }: Kit, name: string, from: number): Layer {
  return join(
    make(`${name}.branch3x3`, from, 384, 3, { stride: 2, pad: 0 }),
    chain(
      make(`${name}.branch3x3dbl_1`, from, 64),
      make(`${name}.branch3x3dbl_2`, 64, 96, 3),
      make(`${name}.branch3x3dbl_3`, 96, 96, 3, { stride: 2, pad: 0 }),
    ),
    halvingMaxPool,
  );
}

/** @param inner channels within the branches of 7x7 */
function blockC({ make, join, averagePool }: Kit, name: string, inner: number): Layer {
  const [row, column]: [number, number][] = [
    [1, 7],
    [7, 1],
  ];
  return join(
    make(`${name}.branch1x1`, 768, 192),
    chain(
      make(`${name}.branch7x7_1`, 768, inner),
      make(`${name}.branch7x7_2`, inner, inner, row),
      make(`${name}.branch7x7_3`, inner, 192, column),
    ),
    chain(
      make(`${name}.branch7x7dbl_1`, 768, inner),
      make(`${name}.branch7x7dbl_2`, inner, inner, column),
      make(`${name}.branch7x7dbl_3`, inner, inner, row),
      make(`${name}.branch7x7dbl_4`, inner, inner, column),
      make(`${name}.branch7x7dbl_5`, inner, 192, row),
    ),
    chain(averagePool, make(`${name}.branch_pool`, 768, 192)),
  );
}

function blockD({ make, join, halvingMaxPool }: Kit, name: string): Layer {
  return join(
    chain(
      make(`${name}.branch3x3_1`, 768, 192),
      make(`${name}.branch3x3_2`, 192, 320, 3, { stride: 2, pad: 0 }),
    ),
    chain(
      make(`${name}.branch7x7x3_1`, 768, 192),
      make(`${name}.branch7x7x3_2`, 192, 192, [1, 7]),
      make(`${name}.branch7x7x3_3`, 192, 192, [7, 1]),
      make(`${name}.branch7x7x3_4`, 192, 192, 3, { stride: 2, pad: 0 }),
    ),
    halvingMaxPool,
  );
}

function blockE({ make, join }: Kit, name: string, from: number, pool: Layer): Layer {
  /** A row and a column beside one another. */
  const cross = (stem: string) =>
    join(make(`${stem}a`, 384, 384, [1, 3]), make(`${stem}b`, 384, 384, [3, 1]));
  return join(
    make(`${name}.branch1x1`, from, 320),
    chain(make(`${name}.branch3x3_1`, from, 384), cross(`${name}.branch3x3_2`)),
    chain(
      make(`${name}.branch3x3dbl_1`, from, 448),
      make(`${name}.branch3x3dbl_2`, 448, 384, 3),
      cross(`${name}.branch3x3dbl_3`),
    ),
    chain(pool, make(`${name}.branch_pool`, from, 192)),
  );
}
