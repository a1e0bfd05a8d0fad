/** To be imported before what chooses a backend. */
process.env.CODEC_LM_BACKEND = 'wasm';
