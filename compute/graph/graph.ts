/** Builds a TensorFlow graph (GraphDef), node by node. */
import { MessageWriter } from './wire.ts';

/** TensorFlow's numbers of types (types.proto). */
export const DTYPES = {
  float32: 1,
  int32: 3,
  complex64: 8,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const;

export type Dtype = keyof typeof DTYPES;

/** An output of a node: `name` or `name:1`. */
export type GraphOutput = string;

/** A value of an attribute, by the field of AttrValue that holds it. */
export type Attribute =
  | { type: Dtype }
  | { int: number }
  | { float: number }
  | { bool: boolean }
  | { string: string }
  | { strings: readonly string[] }
  | { types: readonly Dtype[] }
  | { ints: readonly number[] }
  /** Undefined: of unknown rank; -1: of unknown length. */
  | { shape: readonly number[] | undefined }
  | { tensor: { dtype: Dtype; shape: readonly number[]; content: Uint8Array } };

export type Attributes = Readonly<Record<string, Attribute>>;

/** Version of GraphDef that the nodes are written for; TensorFlow refuses what is too old or new. */
const PRODUCER = 1087;

export class GraphBuilder {
  readonly #graph = new MessageWriter();
  readonly #names = new Map<string, number>();
  #scope = '';

  /** Prefixes the names of nodes that `build` adds. */
  within<Result>(scope: string, build: () => Result): Result {
    const outer = this.#scope;
    this.#scope = `${outer}${scope}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /**
   * @param inputs outputs of nodes; `^name` waits for a node
   * @returns the first output of the node
   */
  node(
    op: string,
    inputs: readonly GraphOutput[],
    attributes: Attributes = {},
    name = op,
  ): GraphOutput {
    const unique = this.#unique(`${this.#scope}${name}`);
    this.#graph.message(1, (node) => {
      node.bytes(1, unique).bytes(2, op);
      for (const input of inputs) node.bytes(3, input);
      for (const [key, value] of Object.entries(attributes)) {
        node.message(5, (entry) => entry.bytes(1, key).message(2, (to) => writeValue(to, value)));
      }
    });
    return unique;
  }

  placeholder(name: string, dtype: Dtype, shape?: readonly number[]): GraphOutput {
    return this.node('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, name);
  }

  constant(
    dtype: 'float32' | 'int32',
    shape: readonly number[],
    values: readonly number[],
  ): GraphOutput {
    const typed = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    const tensor = { dtype, shape, content: new Uint8Array(typed.buffer) };
    return this.node('Const', [], { dtype: { type: dtype }, value: { tensor } });
  }

  finish(): Uint8Array {
    return this.#graph.message(4, (versions) => versions.int(1, PRODUCER)).finish();
  }

  #unique(name: string): string {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}

function writeValue(to: MessageWriter, value: Attribute): void {
  if ('type' in value) to.int(6, DTYPES[value.type]);
  else if ('int' in value) to.int(3, value.int);
  else if ('float' in value) to.float(4, value.float);
  else if ('bool' in value) to.int(5, value.bool);
  else if ('string' in value) to.bytes(2, value.string);
  else if ('shape' in value) to.message(7, (shape) => writeShape(shape, value.shape));
  else if ('tensor' in value) {
    const { dtype, shape, content } = value.tensor;
    to.message(8, (tensor) => {
      tensor.int(1, DTYPES[dtype]);
      tensor.message(2, (dims) => writeShape(dims, shape)).bytes(4, content);
    });
  } else to.message(1, (list) => writeList(list, value));
}

function writeList(
  list: MessageWriter,
  value: { strings: readonly string[] } | { types: readonly Dtype[] } | { ints: readonly number[] },
): void {
  if ('strings' in value) for (const text of value.strings) list.bytes(2, text);
  else if ('ints' in value) for (const int of value.ints) list.int(3, int);
  else for (const type of value.types) list.int(6, DTYPES[type]);
}

function writeShape(to: MessageWriter, shape: readonly number[] | undefined): void {
  if (shape === undefined) to.int(3, true);
  else for (const size of shape) to.message(2, (dim) => dim.int(1, size));
}
