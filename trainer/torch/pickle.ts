/**
 * Python's pickles, as far as `torch.save` needs them for a state dict: protocol 2, and an allow-list of
 * names. A pickle is a program for a small stack machine that may call any function of Python; this
 * one calls none but those of `rebuild.ts`. It runs in one loop, without recursion, and every operation
 * takes a byte at least, so time and memory are bounded by the length of the file.
 */
import { invalidTorch, quoted } from './error.ts';
import { call, RebuildProblem, storageOf } from './rebuild.ts';
import { Dict, Global, Storage, Tuple } from './values.ts';

const PROTOCOL = 2;
/** A module and a name of Python. */
const MAX_NAME = 1000;

const UNTRUSTED =
  'no file of weights needs it, and loading such a file elsewhere may run what it brings: take the model as safetensors, from a source you trust';

/** The action of each operation, by its byte. */
const OPERATIONS: Readonly<Record<number, (machine: Machine) => void>> = {
  [code('N')]: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  [code('K')]: (m) => m.push(m.bytes(1).readUInt8()),
  [code('M')]: (m) => m.push(m.bytes(2).readUInt16LE()),
  [code('J')]: (m) => m.push(m.bytes(4).readInt32LE()),
  138: (m) => m.push(m.long()),
  [code('G')]: (m) => m.push(m.bytes(8).readDoubleBE()),
  [code('X')]: (m) => m.push(m.bytes(m.bytes(4).readUInt32LE()).toString('utf8')),
  [code('(')]: (m) => m.mark(),
  [code(')')]: (m) => m.push(new Tuple([])),
  [code('t')]: (m) => m.push(new Tuple(m.toMark())),
  133: (m) => m.push(new Tuple(m.take(1))),
  134: (m) => m.push(new Tuple(m.take(2))),
  135: (m) => m.push(new Tuple(m.take(3))),
  [code(']')]: (m) => m.push([]),
  [code('a')]: (m) => m.append(m.take(1)),
  [code('e')]: (m) => m.append(m.toMark()),
  [code('}')]: (m) => m.push(new Dict()),
  [code('s')]: (m) => m.setItems(m.take(2)),
  [code('u')]: (m) => m.setItems(m.toMark()),
  [code('q')]: (m) => m.remember(m.bytes(1).readUInt8()),
  [code('r')]: (m) => m.remember(m.bytes(4).readUInt32LE()),
  [code('h')]: (m) => m.recall(m.bytes(1).readUInt8()),
  [code('j')]: (m) => m.recall(m.bytes(4).readUInt32LE()),
  [code('c')]: (m) => m.global(m.line(), m.line()),
  [code('Q')]: (m) => m.storage(m.take(1)[0]),
  [code('R')]: (m) => m.reduce(),
  [code('b')]: (m) => m.build(),
};
const STOP = code('.');
const PROTO = 0x80;

export interface Unpickled {
  /** What the pickle describes. */
  readonly value: unknown;
  /** Offset behind its last byte. */
  readonly end: number;
  /** The storages that it names, by key. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/**
 * @param bytes hold the whole pickle; what lies behind it is not looked at
 * @param path of the file it lies in, for messages
 * @param start offset of its first byte
 * @throws CodecLmError `CHECKPOINT_INVALID` that says at which byte; a name that is not on the list of
 *   `values.ts` is quoted
 */
export function readPickle(bytes: Buffer, path: string, start = 0): Unpickled {
  const machine = new Machine(bytes, path, start);
  if (machine.bytes(1)[0] !== PROTO) throw machine.wrong('it does not begin with its protocol');
  const protocol = machine.bytes(1)[0];
  if (protocol !== PROTOCOL) {
    throw machine.wrong(`protocol ${protocol}, and only ${PROTOCOL} is read`);
  }
  for (;;) {
    const operation = machine.bytes(1)[0];
    if (operation === STOP) return machine.result();
    const run = OPERATIONS[operation];
    if (!run) {
      const hex = operation.toString(16).padStart(2, '0');
      throw machine.wrong(`operation ${hex} is none that torch.save writes for a state dict`);
    }
    run(machine);
  }
}

class Machine {
  readonly #bytes: Buffer;
  readonly #path: string;
  #at: number;
  readonly #stack: unknown[] = [];
  /** Heights of the stack at which something was begun. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #storages = new Map<string, Storage>();

  constructor(bytes: Buffer, path: string, start: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.#at = start;
  }

  /** The next bytes; a view. */
  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) {
      throw this.wrong(`${count} bytes are wanted, ${this.#bytes.length - this.#at} are left`);
    }
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0 || end - this.#at > MAX_NAME) throw this.wrong('a name without an end');
    const text = this.bytes(end - this.#at).toString('utf8');
    this.#at++;
    return text;
  }

  /** An integer of any length; those of shapes and offsets fit into eight bytes. */
  long(): number {
    const length = this.bytes(1)[0];
    const bytes = this.bytes(length);
    if (length === 0) return 0;
    const value = length <= 8 ? BigInt.asIntN(8 * length, littleEndian(bytes)) : 2n ** 64n;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.wrong('an integer beyond 53 bits');
    return number;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** Values on top of the stack, above the last mark. */
  take(count: number): unknown[] {
    const from = this.#stack.length - count;
    if (from < (this.#marks.at(-1) ?? 0)) throw this.wrong('the stack is empty');
    return this.#stack.splice(from);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  toMark(): unknown[] {
    const from = this.#marks.pop();
    if (from === undefined) throw this.wrong('the end of something that was not begun');
    return this.#stack.splice(from);
  }

  append(values: unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.wrong('something is appended to no list');
    for (const value of values) list.push(value);
  }

  setItems(values: unknown[]): void {
    const dict = this.#top();
    if (!(dict instanceof Dict) || values.length % 2 !== 0) {
      throw this.wrong('entries are put into no dict');
    }
    for (let i = 0; i < values.length; i += 2) dict.entries.set(values[i], values[i + 1]);
  }

  remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.wrong(`nothing was remembered as ${index}`);
    this.push(this.#memo.get(index));
  }

  global(module: string, name: string): void {
    const full = `${module}.${name}`;
    const found = Global.named(full);
    if (found) {
      this.push(found);
      return;
    }
    const refused = REFUSED[full];
    const what = refused ?? `the file wants "${quoted(full)}" of Python, which is not on the list`;
    throw invalidTorch(this.#path, what, refused ? 'save the model as safetensors' : UNTRUSTED);
  }

  /** Calls one of the functions of the list. */
  reduce(): void {
    const [called, args] = this.take(2);
    if (!(called instanceof Global) || !called.callable || !(args instanceof Tuple)) {
      throw this.wrong('something is called that is no function');
    }
    this.made(call(called.callable, args.items));
  }

  /** The memory of a tensor, which lies outside of the pickle. */
  storage(id: unknown): void {
    const found = storageOf(id);
    if (found instanceof Storage) {
      const before = this.#storages.get(found.key);
      if (before && (before.type !== found.type || before.length !== found.length)) {
        throw this.wrong(`the storage ${found.key} is described in two ways`);
      }
      this.#storages.set(found.key, found);
    }
    this.made(found);
  }

  made(value: unknown | RebuildProblem): void {
    if (value instanceof RebuildProblem) throw this.wrong(value.message);
    this.push(value);
  }

  /** Attributes of a state dict (`_metadata`, versions of modules) say nothing of its tensors. */
  build(): void {
    const [target, state] = this.take(2);
    if (!(target instanceof Dict) || !(state instanceof Dict)) {
      throw this.wrong('attributes are given to what has none');
    }
    this.push(target);
  }

  result(): Unpickled {
    const [value] = this.take(1);
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      throw this.wrong('it ends in the middle of something');
    }
    return { value, end: this.#at, storages: this.#storages };
  }

  wrong(message: string): Error {
    return invalidTorch(this.#path, `byte ${this.#at} of its pickle: ${message}`);
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.wrong('the stack is empty');
    return this.#stack[this.#stack.length - 1];
  }
}

/** Tensors that torch saves in other ways, and why they are not read. */
const REFUSED: Readonly<Record<string, string>> = {
  'torch._utils._rebuild_meta_tensor_no_storage':
    'a tensor is on the meta device: it has a shape and no values (_rebuild_meta_tensor_no_storage)',
  'torch._utils._rebuild_tensor_v3':
    'a tensor has a type that torch saves by _rebuild_tensor_v3, such as float8 or uint16: no weights of a plain Llama',
};

function littleEndian(bytes: Buffer): bigint {
  let value = 0n;
  for (const byte of [...bytes].reverse()) value = (value << 8n) | BigInt(byte);
  return value;
}

function code(character: string): number {
  return character.charCodeAt(0);
}
