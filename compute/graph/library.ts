/**
 * TensorFlow's C interface (tensorflow/c/c_api.h), through FFI. tfjs-node's addon runs graphs too, but
 * only from files, on the thread that calls, and it never frees what it was given.
 */
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { loadOptional } from '../../base/optional.ts';
import { gpuCount } from '../gpu.ts';
import type { Installed } from '../installed.ts';
import { pickInstalled, prepareEnvironment } from '../native.ts';
import { quietly } from '../quiet.ts';

/** An address in this process; 0 is none. */
export type Address = number | bigint;
/** Memory of ours that C reads or writes. */
export type Memory = Uint8Array | Float32Array | Int32Array | BigInt64Array | BigUint64Array;
type Call = (...args: (Memory | Address | string)[]) => never;

const A = 'uintptr_t';
const M = 'void *';

/** Result and parameters: `M` takes our memory, `A` an address of C's. */
const FUNCTIONS = {
  TF_Version: ['str'],
  TF_NewStatus: [A],
  TF_GetCode: ['int', A],
  TF_Message: ['str', A],
  TF_DeleteStatus: ['void', A],
  TF_NewGraph: [A],
  TF_DeleteGraph: ['void', A],
  TF_NewBufferFromString: [A, M, 'size_t'],
  TF_DeleteBuffer: ['void', A],
  TF_NewImportGraphDefOptions: [A],
  TF_DeleteImportGraphDefOptions: ['void', A],
  TF_GraphImportGraphDef: ['void', A, A, A, A],
  TF_GraphOperationByName: [A, A, 'str'],
  TF_NewSessionOptions: [A],
  TF_SetConfig: ['void', A, M, 'size_t', A],
  TF_DeleteSessionOptions: ['void', A],
  TF_NewSession: [A, A, A, A],
  TF_CloseSession: ['void', A, A],
  TF_DeleteSession: ['void', A, A],
  TF_SessionRun: ['void', A, A, M, M, 'int', M, M, 'int', M, 'int', A, A],
  TF_AllocateTensor: [A, 'int', M, 'int', 'size_t'],
  TF_DeleteTensor: ['void', A],
  TF_TensorData: [A, A],
  TF_TensorByteSize: ['size_t', A],
} as const;

type Name = keyof typeof FUNCTIONS;
interface Results {
  str: string;
  int: number;
  size_t: number;
  void: undefined;
  uintptr_t: Address;
}
/** The functions with the types of their results. */
type Functions = {
  readonly [N in Name]: (...args: Parameters<Call>) => Results[(typeof FUNCTIONS)[N][0]];
};

export interface TensorFlowLibrary {
  c: Functions;
  installed: Installed;
  device: 'cpu' | 'gpu';
  /** `TF_SessionRun` on a thread of its own, so that this one goes on. */
  sessionRun(...args: Parameters<Call>): Promise<void>;
  copyIn(to: Address, from: Memory): void;
  copyOut(to: Memory, from: Address): void;
}

type Koffi = typeof import('koffi');
type Bound = ((...args: unknown[]) => unknown) & { async: (...args: unknown[]) => void };

let loaded: TensorFlowLibrary | undefined;

/**
 * The library of the native backend, loaded once.
 * @throws CodecLmError `BACKEND_UNAVAILABLE` if it is not set up or does not load; `TOOL_MISSING`
 */
export function loadTensorFlow(): TensorFlowLibrary {
  loaded ??= load();
  return loaded;
}

function load(): TensorFlowLibrary {
  const gpus = gpuCount();
  const installed = pickInstalled(gpus);
  if (!installed) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', 'the native backend is not set up here', {
      hint: 'run `npx codec-lm setup`',
    });
  }
  const koffi = loadOptional<Koffi>('koffi', 'graphs of TensorFlow');
  prepareEnvironment();
  const path = join(installed.dir, 'tensorflow', 'libtensorflow_cc.so.2');
  try {
    const library = quietly(() => koffi.load(path));
    const bound = Object.entries(FUNCTIONS).map(([name, [result, ...parameters]]) => [
      name,
      library.func(name, result, [...parameters]),
    ]);
    const c = Object.fromEntries(bound) as Functions;
    const system = koffi.load(null);
    const copyIn = system.func('memcpy', A, [A, M, 'size_t']);
    const copyOut = system.func('memcpy', A, [M, A, 'size_t']);
    const run = c.TF_SessionRun as unknown as Bound;
    return {
      ...{ c, installed },
      device: gpus > 0 && installed.variant === 'gpu' ? 'gpu' : 'cpu',
      sessionRun: (...args) =>
        new Promise((resolve, reject) => {
          run.async(...args, (error: unknown) => (error ? reject(error) : resolve()));
        }),
      copyIn: (to, from) => copyIn(to, from, from.byteLength),
      copyOut: (to, from) => copyOut(to, from, to.byteLength),
    };
  } catch (error) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `loading ${path}: ${messageOf(error)}`, {
      cause: error,
      path,
      hint: 'delete its folder and run `npx codec-lm setup` again',
    });
  }
}
