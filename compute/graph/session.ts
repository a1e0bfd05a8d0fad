/** A session of TensorFlow: runs parts of a graph. Its variables stay on the device. */
import { CodecLmError } from '../../base/error.ts';
import { DTYPES, type GraphOutput } from './graph.ts';
import type { Address, TensorFlowLibrary } from './library.ts';
import { MessageWriter } from './wire.ts';

/** A tensor of this process: int32 or fp32. */
export interface HostTensor {
  shape: readonly number[];
  values: Int32Array | Float32Array;
}

export interface GraphRun {
  /** Tensors by the placeholders that they stand for. */
  feeds?: Readonly<Record<string, HostTensor>>;
  /** fp32 outputs to give back. */
  fetches?: readonly GraphOutput[];
  /** Further nodes to run. */
  targets?: readonly string[];
}

/** Numbers of 64 bits in a TF_Output: the address of a node, and which of its outputs. */
const OUTPUT_CELLS = 2;
const FLOAT = 4;

export class GraphSession {
  readonly #tf: TensorFlowLibrary;
  readonly #status: Address;
  readonly #graph: Address;
  readonly #session: Address;
  readonly #nodes = new Map<string, bigint>();

  /**
   * @param graph a GraphDef
   * @param threads cores that an op may use
   * @throws CodecLmError `INTERNAL` for a graph that TensorFlow refuses
   */
  constructor(tf: TensorFlowLibrary, graph: Uint8Array, threads: number) {
    const { c } = tf;
    this.#tf = tf;
    this.#status = c.TF_NewStatus();
    this.#graph = c.TF_NewGraph();
    const buffer = c.TF_NewBufferFromString(graph, graph.length);
    const importing = c.TF_NewImportGraphDefOptions();
    c.TF_GraphImportGraphDef(this.#graph, buffer, importing, this.#status);
    c.TF_DeleteImportGraphDefOptions(importing);
    c.TF_DeleteBuffer(buffer);
    this.#check('reading a graph');
    const config = sessionConfig(threads);
    const options = c.TF_NewSessionOptions();
    c.TF_SetConfig(options, config, config.length, this.#status);
    this.#check('setting the options of a session');
    this.#session = c.TF_NewSession(this.#graph, options, this.#status);
    c.TF_DeleteSessionOptions(options);
    this.#check('starting a session');
  }

  /**
   * One run at a time.
   * @returns the values of what is fetched
   * @throws CodecLmError `INTERNAL` with TensorFlow's message, such as that memory is short
   */
  async run({ feeds = {}, fetches = [], targets = [] }: GraphRun): Promise<Float32Array[]> {
    const names = Object.keys(feeds);
    const inputs = names.map((name) => this.#tensor(feeds[name]));
    const results = new BigUint64Array(fetches.length);
    const nodes = BigUint64Array.from(targets, (name) => this.#node(name));
    try {
      await this.#tf.sessionRun(
        ...([this.#session, 0] as const),
        ...([this.#outputs(names), BigUint64Array.from(inputs), names.length] as const),
        ...([this.#outputs(fetches), results, fetches.length] as const),
        ...([nodes, nodes.length, 0, this.#status] as const),
      );
    } finally {
      for (const input of inputs) this.#tf.c.TF_DeleteTensor(input);
    }
    this.#check('running a graph');
    return Array.from(results, (result) => this.#take(result));
  }

  close(): void {
    const { c } = this.#tf;
    c.TF_CloseSession(this.#session, this.#status);
    c.TF_DeleteSession(this.#session, this.#status);
    c.TF_DeleteGraph(this.#graph);
    c.TF_DeleteStatus(this.#status);
  }

  #tensor({ shape, values }: HostTensor): bigint {
    const { c, copyIn } = this.#tf;
    const dtype = values instanceof Int32Array ? DTYPES.int32 : DTYPES.float32;
    // C takes an address even where there is no dimension.
    const dims = BigInt64Array.from([...shape, 0], BigInt);
    const tensor = c.TF_AllocateTensor(dtype, dims, shape.length, values.byteLength);
    copyIn(c.TF_TensorData(tensor), values);
    return BigInt(tensor);
  }

  /** Copies a result, and frees it. */
  #take(tensor: bigint): Float32Array {
    const { c, copyOut } = this.#tf;
    const values = new Float32Array(c.TF_TensorByteSize(tensor) / FLOAT);
    copyOut(values, c.TF_TensorData(tensor));
    c.TF_DeleteTensor(tensor);
    return values;
  }

  #outputs(names: readonly GraphOutput[]): BigUint64Array {
    const packed = new BigUint64Array(names.length * OUTPUT_CELLS);
    names.forEach((name, i) => {
      packed[i * OUTPUT_CELLS] = this.#node(name);
    });
    return packed;
  }

  #node(name: string): bigint {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const address = BigInt(this.#tf.c.TF_GraphOperationByName(this.#graph, name));
    if (address === 0n) throw new CodecLmError('INTERNAL', `a graph has no node ${name}`);
    this.#nodes.set(name, address);
    return address;
  }

  #check(doing: string): void {
    const { c } = this.#tf;
    if (c.TF_GetCode(this.#status) === 0) return;
    throw new CodecLmError('INTERNAL', `TensorFlow, ${doing}: ${c.TF_Message(this.#status)}`);
  }
}

/** A ConfigProto (tensorflow/core/protobuf/config.proto). */
function sessionConfig(threads: number): Uint8Array {
  return (
    new MessageWriter()
      .int(2, threads)
      // Ops of a step wait for each other, and passing one to another thread takes 3 µs.
      .int(5, 1)
      .message(6, (gpu) => gpu.int(4, true)) // allow_growth
      .int(7, true) // allow_soft_placement
      .finish()
  );
}
