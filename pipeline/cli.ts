/** The `pipeline` command line. */
import { command } from '../cli/command.ts';
import { runCli } from '../cli/run.ts';
import { planImagesOptions, runImagesOptions } from '../schemas/pipeline.ts';

/** Finished, but not with everything that was asked for. */
const SAMPLES_SKIPPED = 3;

const SRC = {
  name: 'src',
  description: 'folders (recursive), image files, webdataset .tar archives, @list.txt',
  variadic: true,
};

const runImages = command({
  name: 'run images',
  summary: 'turn images into packed token shards; run again to go on where it was stopped',
  positionals: [SRC],
  options: runImagesOptions,
  examples: [
    'pipeline run images photos/ --out photos-256',
    'pipeline run images @train.txt shards/*.tar --out ds --size 128 --seq-len 4096 --val-fraction 0.01',
  ],
  async run(sources, options, io) {
    const { imagesRequest } = await import('./images.ts');
    const { runPipeline } = await import('./run.ts');
    const manifest = await runPipeline(await imagesRequest(sources, options, io, false));
    return manifest && manifest.totals.failures > 0 ? SAMPLES_SKIPPED : 0;
  },
});

const planImages = command({
  name: 'plan images',
  summary:
    'list the inputs, freeze the plan and learn the tokenizer: the first step of several ranks',
  positionals: [SRC],
  options: planImagesOptions,
  examples: ['pipeline plan images photos/ --out photos-256'],
  async run(sources, options, io) {
    const { imagesRequest } = await import('./images.ts');
    const { runPipeline } = await import('./run.ts');
    await runPipeline(await imagesRequest(sources, options, io, true));
    return 0;
  },
});

await runCli({
  name: 'pipeline',
  summary: 'a corpus of media files to a dataset of packed token shards',
  commands: [runImages, planImages],
});
