/** `tokenizer train | encode | decode | inspect`: parses, calls, prints. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { MAX_TOKENIZER_MERGES } from '../../schemas/tokenizer.ts';
import type { Codec } from '../../tokenizer/codecs/codec.ts';
import { imageInputOptions, type JpegSettings } from '../../tokenizer/codecs/jpeg/settings.ts';
import { command } from '../command.ts';
import type { CliSpec } from '../run.ts';

const source = {
  name: 'src',
  description: 'files and folders: documents as canonical bytes (.bin), or images',
  variadic: true,
};
const tokenizerOption = z
  .string()
  .meta({ valueName: 'dir' })
  .describe('folder of a tokenizer.json, or that file');
const quality = z.int().min(1).max(100).default(25).describe('JPEG quality of images');
const image = {
  size: z.int().positive().default(256).describe('width and height of images in pixels'),
  quality,
  ...imageInputOptions,
};

type ImageOptions = { size?: number } & Pick<JpegSettings, 'quality'> & Partial<JpegSettings>;

/** One codec a run, made when the first image comes. */
function codecMaker(options: ImageOptions): () => Promise<Codec> {
  const { size, quality, orientation, icc, background, failOn, svg } = options;
  const { maxPixels, timeoutSeconds } = options;
  const reading = { orientation, icc, background, failOn, svg, maxPixels, timeoutSeconds };
  let made: Promise<Codec> | undefined;
  return () => {
    made ??= import('../../tokenizer/codecs/jpeg/encode.ts').then(({ createJpegCodec }) =>
      createJpegCodec({ width: size, height: size, quality, ...reading }),
    );
    return made;
  };
}

const exitCode = (failed: number) => (failed === 0 ? 0 : 3);

const train = command({
  name: 'train',
  summary: 'learn the merges of a byte-level BPE and write tokenizer.json',
  positionals: [source],
  options: z.object({
    out: z.string().meta({ valueName: 'dir' }).describe('folder to write'),
    merges: z.int().min(0).max(MAX_TOKENIZER_MERGES).optional().describe('merges to learn (320)'),
    vocabSize: z.int().min(256).optional().describe('the same as --merges N-256'),
    bpeSamples: z.int().positive().default(10_000).describe('learn from at most this many inputs'),
    ...image,
  }),
  examples: [
    'tokenizer train photos/ --out TOK',
    'tokenizer train docs/*.bin --merges 1024 --out TOK',
  ],
  async run(sources, options, io) {
    const { merges, vocabSize } = options;
    if (merges !== undefined && vocabSize !== undefined) {
      throw new CodecLmError('USAGE', '--merges and --vocab-size say the same; give one of them');
    }
    const count = merges ?? (vocabSize === undefined ? 320 : vocabSize - 256);
    const settings = { out: options.out, merges: count, samples: options.bpeSamples };
    const tool = await import('../../tokenizer/tool/run.ts');
    return exitCode(await tool.train(sources, settings, codecMaker(options), io));
  },
});

const encode = command({
  name: 'encode',
  summary: 'documents to token ids, with <bos> and <eos>',
  positionals: [source],
  options: z.object({
    tokenizer: tokenizerOption,
    out: z
      .string()
      .optional()
      .meta({ valueName: 'dir' })
      .describe('folder for a uint16 .npy file each; without it, JSON lines on stdout'),
    ...image,
  }),
  examples: [
    'tokenizer encode photos/ --tokenizer TOK --out ids/',
    'tokenizer encode a.png --tokenizer TOK > ids.jsonl',
  ],
  async run(sources, { tokenizer, out, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const bpe = await readTokenizer(tokenizer);
    const tool = await import('../../tokenizer/tool/run.ts');
    return exitCode(await tool.encode(sources, { bpe, out }, codecMaker(settings), io));
  },
});

const decode = command({
  name: 'decode',
  summary: 'token ids (.npy, .jsonl) back to pictures, or to canonical bytes',
  positionals: [{ name: 'src', description: 'files and folders of token ids', variadic: true }],
  options: z.object({
    tokenizer: tokenizerOption,
    out: z.string().meta({ valueName: 'dir' }).describe('folder to write'),
    raw: z.boolean().default(false).describe('write canonical bytes (.bin), not pictures'),
    quality,
  }),
  examples: ['tokenizer decode ids/ --tokenizer TOK --out pictures/'],
  async run(sources, { tokenizer, out, raw, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const bpe = await readTokenizer(tokenizer);
    const tool = await import('../../tokenizer/tool/run.ts');
    return exitCode(await tool.decode(sources, { bpe, out, raw }, codecMaker(settings), io));
  },
});

const inspect = command({
  name: 'inspect',
  summary: 'the merges as hex, how often they are used, and what they mean in a JPEG file',
  positionals: [
    { name: 'tokenizer', description: tokenizerOption.description ?? '' },
    { ...source, optional: true, description: 'documents to count in' },
  ],
  options: z.object({
    json: z.boolean().default(false).describe('print one JSON value a merge'),
    ...image,
  }),
  examples: ['tokenizer inspect TOK', 'tokenizer inspect TOK photos/ --json'],
  async run([tokenizer, ...sources], { json, ...settings }, io) {
    const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
    const { inspectMerges, shortened } = await import('../../tokenizer/tool/inspect.ts');
    const lines = await inspectMerges(
      await readTokenizer(tokenizer),
      sources,
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
    io.print(formatTable(['rank', 'id', 'bytes', ...counted, 'meaning in JPEG'], rows));
    return 0;
  },
});

export const spec: CliSpec = {
  name: 'tokenizer',
  summary: 'images to canonical bytes to tokens, and back',
  commands: [train, encode, decode, inspect],
};
