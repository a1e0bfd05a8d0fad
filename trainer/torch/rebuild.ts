/** What the functions of torch that a state dict calls make, with every argument checked. */
import { type CallableName, Dict, Global, Storage, TorchTensor, Tuple } from './values.ts';

/** More dimensions than any weight of a language model has. */
const MAX_DIMENSIONS = 8;
/** As for safetensors: 4 GiB of fp32. */
const MAX_ELEMENTS = 2 ** 30;
/** Items of the persistent id of a storage. */
const LENGTHS: readonly number[] = [5, 6];
const STORAGE_KEY = /^[\w-]{1,64}$/;

/** @returns the value, or what is wrong with the arguments */
export function call(name: CallableName, args: readonly unknown[]): unknown | RebuildProblem {
  switch (name) {
    case 'collections.OrderedDict':
      return args.length === 0
        ? new Dict()
        : new RebuildProblem('OrderedDict is made of something');
    case 'torch._utils._rebuild_tensor_v2':
      return tensorOf(args);
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return args[0] instanceof TorchTensor
        ? args[0]
        : new RebuildProblem('a parameter is no tensor');
    case 'torch._tensor._rebuild_from_type_v2':
      return fromType(args);
  }
}

/** Why a value cannot be made. */
export class RebuildProblem {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * The persistent id of a storage: ('storage', class, key, device, elements). Releases before 1.6 have
 * a sixth item: None, or for releases before 0.4 the storage that this one is a view of.
 */
export function storageOf(id: unknown): Storage | RebuildProblem {
  if (!(id instanceof Tuple) || id.items[0] !== 'storage' || !LENGTHS.includes(id.items.length)) {
    return new RebuildProblem('something other than a storage lies outside of the pickle');
  }
  const [, type, key, , length, viewOf = null] = id.items;
  if (viewOf !== null) return new RebuildProblem('a storage is a view of another one');
  if (!(type instanceof Global) || !type.storage) {
    return new RebuildProblem('a storage has no type');
  }
  if (typeof key !== 'string' || !STORAGE_KEY.test(key)) {
    return new RebuildProblem('the key of a storage is no name');
  }
  if (!isCount(length)) return new RebuildProblem(`the storage ${key} has no length`);
  return new Storage(key, type.storage, length);
}

/** (storage, offset, shape, strides, requires_grad, hooks): what follows changes no value. */
function tensorOf([storage, offset, shape, strides]: readonly unknown[]):
  | TorchTensor
  | RebuildProblem {
  if (!(storage instanceof Storage)) return new RebuildProblem('a tensor has no storage');
  if (!isCount(offset)) return new RebuildProblem('the offset of a tensor is no number');
  const [lengths, steps] = [countsOf(shape), countsOf(strides)];
  if (!lengths || steps?.length !== lengths.length) {
    return new RebuildProblem('shape and strides of a tensor do not fit together');
  }
  const elements = lengths.reduce((product, length) => product * length, 1);
  const named = `a tensor of [${lengths}], strides [${steps}], at ${offset}`;
  if (elements > MAX_ELEMENTS)
    return new RebuildProblem(`${named} has more than ${MAX_ELEMENTS} elements`);
  const last = lengths.reduce((at, length, i) => at + (length - 1) * steps[i], offset);
  if (elements > 0 && last >= storage.length) {
    return new RebuildProblem(
      `${named} ends behind its storage ${storage.key}, which has ${storage.length} elements`,
    );
  }
  return new TorchTensor(storage, offset, lengths, steps);
}

/** A tensor with attributes: (function, class, its arguments, attributes). */
function fromType([inner, type, args]: readonly unknown[]): unknown | RebuildProblem {
  const isTensor = type instanceof Global && !type.callable && !type.storage;
  if (!isTensor || !(args instanceof Tuple) || !(inner instanceof Global) || !inner.callable) {
    return new RebuildProblem('a tensor with attributes is made of something else');
  }
  // By one step only: a file could nest them without end.
  if (inner.callable === 'torch._tensor._rebuild_from_type_v2') {
    return new RebuildProblem('a tensor with attributes is made of another one');
  }
  const made = call(inner.callable, args.items);
  return made instanceof TorchTensor || made instanceof RebuildProblem
    ? made
    : new RebuildProblem('a tensor with attributes is no tensor');
}

function countsOf(value: unknown): number[] | undefined {
  // Looked at only when it is short: a file may hand over the same long one again and again.
  if (!(value instanceof Tuple) || value.items.length > MAX_DIMENSIONS) return undefined;
  return value.items.every(isCount) ? [...value.items] : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
