/** Starts `shards`. */
import { runCli } from '../run.ts';
import { spec } from './spec.ts';

await runCli(spec);
