/** The model that comes with the repository. */
import { fileURLToPath } from 'node:url';

/** A checkpoint for `trainer sample`, `score` and `serve`, with weights in bf16. */
export const SHOWCASE_MODEL = fileURLToPath(new URL('model', import.meta.url));
