/** `tokenizer train | encode | decode | inspect`: parses, calls, prints. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { codecOption } from '../../schemas/pipeline.ts';
import { MAX_TOKENIZER_MERGES } from '../../schemas/tokenizer.ts';
import type { Codec } from '../../tokenizer/codecs/codec.ts';
import { chosenCodec } from '../codec-option.ts';
import { command } from '../command.ts';
import type { CliSpec } from '../run.ts';
import { compareCommand } from './compare.ts';
import type { MakeCodec } from './inputs.ts';
import { trainModel } from './train-model.ts';

const { definition, known } = chosenCodec();

const source = {
  name: 'src',
  description: `Files and folders: raw documents (.bin), or ${definition.noun}s`,
  variadic: true,
};
const tokenizerOption = z
  .string()
  .meta({ valueName: 'dir' })
  .describe('Folder of a tokenizer.json, or that file');
const codecOptions = { codec: codecOption(known, definition.name), ...definition.options.shape };

/** One codec per run, opened when the first file needs it. */
function codecMaker(options: Readonly<Record<string, unknown>>): MakeCodec {
  let opened: Promise<Codec> | undefined;
  return () => {
    const names = Object.keys(definition.options.shape);
    const own = Object.fromEntries(names.map((name) => [name, options[name]]));
    const { settings, tools } = definition.fromOptions(own);
    opened ??= definition.open(settings, tools);
    return opened;
  };
}

const exitCode = (failed: number) => (failed === 0 ? 0 : 3);

const { merges: mergesByDefault } = definition.defaults;

/** Codecs without byte-pair encoding have nothing to learn: their tokenizer is their alphabet. */
const bpe: z.ZodRawShape =
  mergesByDefault === undefined
    ? {}
    : {
        merges: z
          .int()
          .min(0)
          .max(MAX_TOKENIZER_MERGES)
          .optional()
          .describe(`Merges to learn (default ${mergesByDefault})`),
        vocabSize: z.int().min(256).optional().describe('The same as --merges N-256'),
        bpeSamples: z
          .int()
          .positive()
          .default(10_000)
          .describe('Learn from at most this many inputs'),
      };

interface BpeOptions {
  merges?: number;
  vocabSize?: number;
  bpeSamples?: number;
}

const trainMerges = command({
  name: 'train',
  summary: 'Learn the merges of a byte-level BPE and write tokenizer.json',
  positionals: [source],
  options: z.object({
    out: z.string().meta({ valueName: 'dir' }).describe('Folder to write'),
    ...bpe,
    ...codecOptions,
  }),
  examples: [
    'tokenizer train photos/ --out TOK',
    'tokenizer train docs/*.bin --merges 1024 --out TOK',
  ],
  async run(sources, options, io) {
    const { merges, vocabSize, bpeSamples = 0 } = options as BpeOptions;
    if (merges !== undefined && vocabSize !== undefined) {
      throw new CodecLmError('USAGE', '--merges and --vocab-size say the same; give one of them');
    }
    const count = merges ?? (vocabSize === undefined ? mergesByDefault : vocabSize - 256);
    const tool = await import('./run.ts');
    if (count === undefined) {
      await tool.writePlain(options.out, codecMaker(options), io);
      return 0;
    }
    const settings = { definition, out: options.out, merges: count, samples: bpeSamples };
    return exitCode(await tool.trainTokenizer(sources, settings, codecMaker(options), io));
  },
});

const encode = command({
  name: 'encode',
  summary: 'Encode documents as token ids, with <bos> and <eos>',
  positionals: [source],
  options: z.object({
    tokenizer: tokenizerOption,
    out: z
      .string()
      .optional()
      .meta({ valueName: 'dir' })
      .describe('Folder for a uint16 .npy file each; without it, JSON lines on stdout'),
    ...codecOptions,
  }),
  examples: [
    'tokenizer encode photos/ --tokenizer TOK --out ids/',
    'tokenizer encode a.png --tokenizer TOK > ids.jsonl',
  ],
  async run(sources, { tokenizer, out, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const opened = await readTokenizer(tokenizer);
    const tool = await import('./run.ts');
    return exitCode(
      await tool.encode(sources, { definition, tokenizer: opened, out }, codecMaker(settings), io),
    );
  },
});

const decode = command({
  name: 'decode',
  summary: 'Decode token ids (.npy, .jsonl) to files that a viewer opens, or to raw documents',
  positionals: [{ name: 'src', description: 'Files and folders of token ids', variadic: true }],
  options: z.object({
    tokenizer: tokenizerOption,
    out: z.string().meta({ valueName: 'dir' }).describe('Folder to write'),
    raw: z
      .boolean()
      .default(false)
      .describe('Write raw documents (.bin) instead of viewable files'),
    ...codecOptions,
  }),
  examples: ['tokenizer decode ids/ --tokenizer TOK --out pictures/'],
  async run(sources, { tokenizer, out, raw, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const opened = await readTokenizer(tokenizer);
    const tool = await import('./run.ts');
    return exitCode(
      await tool.decode(
        sources,
        { definition, tokenizer: opened, out, raw },
        codecMaker(settings),
        io,
      ),
    );
  },
});

const inspect = command({
  name: 'inspect',
  summary: `Show the merges as hex, how often they are used, and what they mean in ${definition.title} files`,
  positionals: [
    { name: 'tokenizer', description: tokenizerOption.description ?? '' },
    { ...source, optional: true, description: 'Documents to count in' },
  ],
  options: z.object({
    json: z.boolean().default(false).describe('Print one JSON value per merge'),
    ...codecOptions,
  }),
  examples: ['tokenizer inspect TOK', 'tokenizer inspect TOK photos/ --json'],
  async run([tokenizer, ...sources], { json, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const { inspectMerges, shortened } = await import('./inspect.ts');
    const lines = await inspectMerges(
      await readTokenizer(tokenizer),
      sources,
      definition,
      codecMaker(settings),
    );
    if (json) {
      for (const line of lines) io.printJson(line);
      return 0;
    }
    const { formatTable } = await import('../../base/format.ts');
    const rows = lines
      .map(shortened)
      .map(({ rank, id, hex, count, meaning }) => [
        ...[rank, id].map(String),
        hex,
        ...(sources.length > 0 ? [String(count)] : []),
        meaning,
      ]);
    const counted = sources.length > 0 ? ['count'] : [];
    io.print(
      formatTable(['rank', 'id', 'bytes', ...counted, `meaning in ${definition.title}`], rows),
    );
    return 0;
  },
});

const { training } = definition;

export const spec: CliSpec = {
  name: 'tokenizer',
  summary: 'Convert images and videos to tokens, and back',
  commands: [
    training ? trainModel(definition, training, known) : trainMerges,
    encode,
    decode,
    inspect,
    compareCommand,
  ],
};
