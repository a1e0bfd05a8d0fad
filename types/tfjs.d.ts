/**
 * The types of @tensorflow/tfjs 4.22 that the built declarations use. Its own declarations do not compile
 * without `skipLibCheck`, so those of this package do not refer to them. Real tensors are
 * assignable to these types, and `tf as typeof import('@tensorflow/tfjs')` gives all of tfjs.
 */

export interface TensorInfo {
  dataId: object;
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool' | 'complex64' | 'string';
}

export interface Tensor extends TensorInfo {
  readonly id: number;
  readonly size: number;
  readonly rank: number;
  data(): Promise<Float32Array | Int32Array | Uint8Array>;
  dataSync(): Float32Array | Int32Array | Uint8Array;
  dispose(): void;
}

export type Scalar = Tensor;
export type Tensor1D = Tensor;
export type Tensor2D = Tensor;
export type Tensor3D = Tensor;
export type Tensor4D = Tensor;

export interface Variable extends Tensor {
  readonly name: string;
  trainable: boolean;
  assign(value: Tensor): void;
}

/** Kernels of a backend; never looked into here. */
export type KernelBackend = object;

export declare function memory(): { numTensors: number; numBytes: number };
export declare function dispose(tensors: Tensor | Tensor[]): void;
export declare function getBackend(): string;
