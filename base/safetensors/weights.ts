/** Weights by name, in the order of a file, as fp32. */
export type Weights = Map<string, { shape: number[]; data: Float32Array }>;
