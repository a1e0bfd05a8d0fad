/** The tests of ops, whose backend is the native one where there is one, on WebAssembly as well. */
import '../../helpers/on-wasm.ts';
import './ops.test.ts';
import './bf16.test.ts';
import './tape.test.ts';
import './z-loss.test.ts';
