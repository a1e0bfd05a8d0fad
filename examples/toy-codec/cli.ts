/**
 * The command lines of codec-lm with one codec more:
 *
 *     node --import tsx examples/toy-codec/cli.ts pipeline run images PHOTOS --codec toy --out DS
 */
import { runCommandLine } from 'codec-lm/cli';
import { registerCodec } from 'codec-lm/tokenizer';
import { toy } from './codec.ts';

registerCodec(toy);
await runCommandLine();
