/** `tokenizer train` for a codec whose model is learned. */
import { z } from 'zod';
import { formatCount } from '../../base/format.ts';
import { codecOption } from '../../schemas/pipeline.ts';
import type { CodecDefinition } from '../../tokenizer/codecs/codec.ts';
import type { CodecTraining, TrainingEvent } from '../../tokenizer/codecs/training.ts';
import { type Command, command, type Io } from '../command.ts';

export function trainModel(
  definition: CodecDefinition,
  training: CodecTraining,
  known: string[],
): Command {
  return command({
    name: 'train',
    summary: training.summary,
    positionals: [
      { name: 'src', description: `Files and folders of ${definition.noun}s`, variadic: true },
    ],
    options: z.object({
      to: z.string().meta({ valueName: 'dir' }).describe('Folder of the model, made here'),
      json: z.boolean().default(false).describe('Print the result as one JSON value'),
      codec: codecOption(known, definition.name),
      ...(training.options.shape as Record<never, never>),
    }),
    examples: [`tokenizer train --codec ${definition.name} photos/ --to MODEL`],
    goOn: 'same',
    async run(sources, { to, json, codec: _, ...options }, io) {
      const { listToolInputs } = await import('./inputs.ts');
      const { extname } = await import('node:path');
      const isInput = (name: string) => definition.extensions.has(extname(name).toLowerCase());
      const inputs = (await listToolInputs(sources, isInput)).map(({ path }) => path);
      const onEvent = listener(io);
      const result = await training.run({ inputs, to, options, onEvent, signal: io.signal });
      io.progress.done();
      const { step, isFinished, figures, files } = result;
      if (!isFinished) {
        io.log(`stopped after step ${step}; the same command goes on`);
        return 1;
      }
      io.log(`${shown(figures)}; see ${files.join(', ')}`);
      if (json) io.printJson({ to, step, ...figures, files });
      else io.print(to);
      return 0;
    },
  });
}

function listener(io: Io): (event: TrainingEvent) => void {
  const since = performance.now();
  let first: number | undefined;
  return (event) => {
    switch (event.type) {
      case 'reading':
        return io.progress.update(`read ${event.done} of ${event.total} pictures`);
      case 'skipped':
        return io.log(`${event.error.message} [${event.error.code}]`);
      case 'resume':
        return io.log(`goes on from ${event.checkpoint}`);
      case 'begin':
        return io.log(
          `${formatCount(event.parameters)} parameters, ${formatCount(event.inputs)} pictures ` +
            `and ${event.heldOut} held out, ${event.steps} steps`,
        );
      case 'measured':
        return io.log(`step ${event.step}: ${shown(event.figures)}`);
      case 'step': {
        first ??= event.step - 1;
        const seconds = (performance.now() - since) / 1000;
        const rate = (event.step - first) / seconds;
        return io.progress.update(
          `step ${event.step} of ${event.steps}, ${rate.toFixed(1)} steps per second, ${shown(event.figures)}`,
        );
      }
    }
  };
}

/** `psnr 21.3, codesUsed 0.98` */
function shown(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}
