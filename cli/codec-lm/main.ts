/** Starts `codec-lm`. */
import { runCommandLine } from '../index.ts';

await runCommandLine();
