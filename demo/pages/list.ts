/** The pages that this project writes and serves, each with what it takes to have one. */
import { join } from 'node:path';

type Program = 'pipeline' | 'shards' | 'trainer' | 'tokenizer';

export interface PageToSee {
  /** Name of its pictures. */
  name: string;
  title: string;
  /** What one sees, in a sentence. */
  words: string;
  /** The command that writes or serves it, for people. */
  command: string;
  /** The page as a file, or the checkpoint whose server has it. */
  source: { file: string } | { checkpoint: string };
  /** Makes the file of the page. */
  make?: readonly [Program, readonly string[]];
  /** Whether it is shown in dark colours too. */
  isDark?: boolean;
}

/** Folders that the pages are made of. */
export interface Places {
  /** The model that comes with the repository. */
  model: string;
  /** Output of `npm run demo` and of `npm run demo:video`. */
  letters: string;
  clips: string;
  /** Pictures of photographs, and a dataset of them. */
  photos: string;
  dataset: string;
  /** For pages that no demo writes. */
  out: string;
}

export function pagesToSee({ model, letters, clips, photos, dataset, out }: Places): PageToSee[] {
  const at = (name: string) => join(out, name);
  const held = join(letters, 'held-out');
  return [
    {
      ...{ name: 'demo', title: 'The demo', command: 'npm run demo', isDark: true },
      source: { file: join(letters, 'index.html') },
      words:
        'Letters by the model that comes along, another model that learns from nothing, and letters of an unseen font, completed.',
    },
    {
      ...{ name: 'report', title: 'A training' },
      source: { file: join(letters, 'report.html') },
      command: 'trainer report RUN --html report.html --data DS --samples samples',
      words: 'The loss of each step, its mean, and that of held-out documents; samples and inputs.',
    },
    {
      ...{ name: 'samples', title: 'Samples' },
      source: { file: join(letters, 'shipped', 'index.html') },
      command: 'trainer sample --checkpoint showcase/model --num 16 --to samples',
      words:
        'All samples of a command, each with its length, its likelihood and the share of tokens that the grammar changed.',
    },
    {
      ...{ name: 'completions', title: 'Completed images' },
      source: { file: join(letters, 'completions', 'index.html') },
      command:
        'trainer sample --checkpoint showcase/model --prompt letters --prompt-ratio 0.5 --num 4 --to completions',
      words: 'A row for each prompt: the original, the part that was given, and what came of it.',
    },
    {
      ...{ name: 'continuations', title: 'Continued clips' },
      source: { file: join(clips, 'samples', 'index.html') },
      command:
        'trainer sample --checkpoint RUN --prompt clips --prompt-frames 10 --num 1 --to continued',
      words: 'Frames with an amber line were given; the others are the model’s.',
    },
    {
      ...{ name: 'inspect', title: 'A dataset of images' },
      source: { file: at('inspect.html') },
      command: 'shards inspect DS --html dataset.html',
      make: ['shards', ['inspect', dataset, '--html', at('inspect.html')]],
      words: 'Documents as they decode, their lengths, the tokens, splits, failures and settings.',
    },
    {
      ...{ name: 'inspect-clips', title: 'A dataset of clips' },
      source: { file: at('inspect-clips.html') },
      command: 'shards inspect DS --html dataset.html',
      make: ['shards', ['inspect', join(clips, 'dataset'), '--html', at('inspect-clips.html')]],
      words: 'The same of clips: each is a strip of its fifteen frames.',
    },
    {
      ...{ name: 'maps', title: 'Where the bits go', isDark: true },
      source: { file: at('maps.html') },
      command: 'trainer score --checkpoint showcase/model --html maps.html letters/*.png',
      make: ['trainer', ['score', '--checkpoint', model, '--html', at('maps.html')]],
      words: 'Each picture beside a map of the bits that its parts took, with a legend.',
    },
    {
      ...{ name: 'probes', title: 'Probes' },
      source: { file: at('probes.html') },
      command: 'trainer evaluate probes --checkpoint showcase/model letters --html probes.html',
      make: [
        'trainer',
        [
          ...['evaluate', 'probes', '--checkpoint', model, join(letters, 'prompts')],
          ...['--num', '6', '--html', at('probes.html')],
        ],
      ],
      words: 'Bits by kind of syntax and by place, damage that is found, files without a grammar.',
    },
    {
      ...{ name: 'evaluation', title: 'An evaluation' },
      source: { file: join(at('evaluation'), 'index.html') },
      command: 'trainer evaluate run --checkpoint showcase/model --images letters --to evaluation',
      make: [
        'trainer',
        [
          ...['evaluate', 'run', '--checkpoint', model, '--images', held, '--num', '12'],
          ...['--seeds', '2', '--unconditional', '--to', at('evaluation')],
        ],
      ],
      words: 'Prompts, originals and completions side by side, above the tables of the paper.',
    },
    {
      ...{ name: 'compare', title: 'Codecs side by side' },
      source: { file: at('compare.html') },
      command: 'tokenizer compare photos --codec jpeg --codec jpeg:quality=5 --to compared.html',
      make: [
        'tokenizer',
        [
          ...['compare', photos, '--num', '8', '--to', at('compare.html')],
          ...['--codec', 'jpeg:size=128', '--codec', 'jpeg:size=128,quality=5'],
        ],
      ],
      words: 'What each codec keeps of a picture, and the symbols that it takes.',
    },
    {
      ...{ name: 'vq', title: 'A VQ model' },
      source: { file: join(at('vq'), 'report.html') },
      command: 'tokenizer train --codec vq photos --to MODEL',
      make: [
        'tokenizer',
        [
          ...['train', '--codec', 'vq', photos, '--to', at('vq'), '--steps', '60'],
          ...['--eval-every', '10', '--save-every', '60'],
        ],
      ],
      words: 'Held-out pictures, and below each what comes back of its codes.',
    },
    {
      ...{ name: 'serve', title: 'A served model', isDark: true },
      source: { checkpoint: model },
      command: 'trainer serve --checkpoint showcase/model',
      words:
        'It draws from nothing, or goes on with an example or a file; each result can be saved.',
    },
    {
      ...{ name: 'serve-clips', title: 'A served model of clips' },
      source: { checkpoint: join(clips, 'run') },
      command: 'trainer serve --checkpoint RUN',
      words: 'The same of clips.',
    },
  ];
}
