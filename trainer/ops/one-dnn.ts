/** Kernels of oneDNN, which codecs use too. */
export * from '../../compute/one-dnn.ts';
