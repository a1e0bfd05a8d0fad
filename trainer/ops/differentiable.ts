/** Ops of the trainer are made of these, which codecs use too. */
export * from '../../compute/differentiable.ts';
