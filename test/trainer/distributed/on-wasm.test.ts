/** The tests of ZeRO-3, whose backend is the native one where there is one, on WebAssembly as well. */
import '../../helpers/on-wasm.ts';
import './sharded-training.test.ts';
