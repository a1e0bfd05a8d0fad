/** The part of the WebAssembly JavaScript interface that the kernels use; Node's own types leave it out. */
declare namespace WebAssembly {
  class Memory<Shared extends boolean = true> {
    constructor(descriptor: { initial: number; maximum: number; shared: Shared });
    readonly buffer: Shared extends true ? SharedArrayBuffer : ArrayBuffer;
  }
  function validate(bytes: Uint8Array): boolean;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
