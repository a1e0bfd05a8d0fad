/** What the pickle of a state dict is made of. Numbers, texts, None and lists are those of JavaScript. */
import { BYTES_PER_ELEMENT } from '../../base/safetensors/floats.ts';

/** The storages there are by the names of their classes, as safetensors calls their types. */
const STORAGES = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
} as const;

export type StorageType = (typeof STORAGES)[keyof typeof STORAGES];

export const STORAGE_BYTES: Readonly<Record<StorageType, number>> = {
  ...BYTES_PER_ELEMENT,
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 },
};

/** The functions that a file may call. Each is done here; none of torch or Python is run. */
export const CALLABLE = [
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._tensor._rebuild_from_type_v2',
] as const;

export type CallableName = (typeof CALLABLE)[number];

/** Classes that are arguments of those and called by nobody. */
const CLASSES = ['torch.Tensor', 'torch.nn.parameter.Parameter'] as const;

/** A name that a file may import. */
export class Global {
  readonly name: string;
  readonly callable: CallableName | undefined;
  readonly storage: StorageType | undefined;

  private constructor(name: string, callable?: CallableName, storage?: StorageType) {
    this.name = name;
    this.callable = callable;
    this.storage = storage;
  }

  /** @returns undefined for a name that is not on the list */
  static named(name: string): Global | undefined {
    const callable = CALLABLE.find((known) => known === name);
    const storage = Object.entries(STORAGES).find(([known]) => name === `torch.${known}`)?.[1];
    const isKnown = callable || storage || CLASSES.some((known) => known === name);
    return isKnown ? new Global(name, callable, storage) : undefined;
  }
}

export class Tuple {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

export class Dict {
  readonly entries = new Map<unknown, unknown>();
}

/** The memory that tensors are views of: a record of the archive. */
export class Storage {
  /** Last part of the record's name. */
  readonly key: string;
  readonly type: StorageType;
  /** Elements. */
  readonly length: number;

  constructor(key: string, type: StorageType, length: number) {
    this.key = key;
    this.type = type;
    this.length = length;
  }
}

/** A view of a storage; offset and strides in elements. It lies within the storage. */
export class TorchTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: Storage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}
