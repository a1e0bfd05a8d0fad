/** Import it before anything that chooses a backend. */
process.env.CODEC_LM_BACKEND = 'wasm';
