/** The interface of the native addon: tensor handles, and TensorFlow ops by name. */

/**
 * The addon's description of a tensor; `dtype` is TensorFlow's number (1 float32, 3 int32, 14
 * bfloat16 …).
 */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** An attribute of a TensorFlow op; `type` is one of the binding's `TF_ATTR_*`. */
export interface OpAttr {
  name: string;
  type: number;
  value: boolean | number | string | object | number[];
}

/** The addon: runs any TensorFlow op on handles, which the caller must delete. */
export interface Binding {
  createTensor(
    shape: number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(op: string, attrs: OpAttr[], inputs: number[], outputs: number): TensorMetadata[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}
