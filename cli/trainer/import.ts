/** `trainer import`: a Llama made elsewhere as a checkpoint. */
import { z } from 'zod';
import { formatBytes, formatCount, formatLong } from '../../base/format.ts';
import { codecOption, seqLenOption } from '../../schemas/pipeline.ts';
import { chosenCodec, codecOptionsOf } from '../codec-option.ts';
import { command } from '../command.ts';

const { definition, known } = chosenCodec();

export const importCommand = command({
  name: 'import',
  summary: 'Make a checkpoint of any Llama in a Hugging Face folder, such as the released JPEG-LM',
  options: z.object({
    from: z
      .string()
      .describe(
        'Folder with config.json, model.safetensors or pytorch_model.bin (or several files with their index), and tokenizer.json or tokenizer.model',
      )
      .meta({ valueName: 'dir' }),
    to: z.string().describe('Folder for the checkpoint, made here').meta({ valueName: 'dir' }),
    codec: codecOption(known, definition.name).describe(
      'Codec of the files that the model writes; each has options of its own, shown by --codec NAME --help',
    ),
    ...(definition.options.shape as Record<never, never>),
    seqLen: seqLenOption
      .optional()
      .describe(
        'Tokens of the longest sequence; default that of the paper for this codec, or fewer where the model has fewer positions',
      ),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: [
    'trainer import --from jpeg-lm-reimplementation --to jpeg-lm',
    'trainer import --from avc-lm --to CHECKPOINT --codec avc --size 256x144',
  ],
  async run(_positionals, { from, to, codec: name, seqLen, json, ...given }, io) {
    const { importModel } = await import('../../trainer/import/import.ts');
    const imported = await importModel({
      ...{ from, to, codec: { name, options: codecOptionsOf(definition, given), seqLen } },
      onEvent: ({ done, total }) =>
        io.progress.update(`${formatBytes(done)} of ${formatBytes(total)}`),
      signal: io.signal,
    }).catch((error: unknown) => {
      if (io.signal.aborted) return undefined;
      throw error;
    });
    io.progress.done();
    if (!imported) return 1;
    const { codec, parameters, dtype, vocabSize, width, height } = imported;
    const shown = definition.viewSettings.map(
      (key) => `${key} ${formatLong(String(codec.settings[key]))}`,
    );
    io.log(
      `${formatCount(parameters)} parameters in ${dtype}, ${vocabSize} ids; taken as a model of ` +
        `${[codec.name, `${width}x${height}`, ...shown].join(', ')}, ${imported.seqLen} tokens`,
    );
    if (json) io.printJson(imported);
    else io.print(imported.path);
    return 0;
  },
});
