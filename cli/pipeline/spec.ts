/** The `pipeline` command line. */
import { absolutePlace } from '../../base/storage/index.ts';
import { planOptionsOf, runOptionsOf } from '../../pipeline/options.ts';
import type { RunRequest } from '../../pipeline/run.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import {
  extendOptions,
  finalizeOptions,
  parseShare,
  statusOptions,
} from '../../schemas/pipeline.ts';
import type { Media } from '../../tokenizer/codecs/codec.ts';
import { chosenCodec } from '../codec-option.ts';
import { command, type Io } from '../command.ts';
import type { CliSpec } from '../run.ts';
import type { ListenerOptions } from './listener.ts';

/** Exit code of a run that finished without some of the requested inputs. */
const SAMPLES_SKIPPED = 3;

const SRC = {
  name: 'src',
  description: 'Folders (recursive), media files, webdataset .tar archives, @list.txt; or s3://…',
  variadic: true,
  // A table (`--list`) may name all inputs.
  optional: true,
  isPlace: true,
};

/** Whether inputs failed, or are missing because their folder or archive could not be read. */
function isPartial({ totals }: Manifest): boolean {
  return totals.failures > 0 || (totals.unread ?? 0) > 0;
}

/** Shows the progress of a run, and stops it on a signal. */
async function watchingOf(io: Io, options: ListenerOptions, noun?: string) {
  const { PipelineListener } = await import('./listener.ts');
  return { onEvent: new PipelineListener(io, options, noun).listen, signal: io.signal };
}

/** Plans and runs, or describes what a run would do. */
async function runOrShow(
  request: RunRequest,
  { dryRun: isDry, json }: { dryRun: boolean; json: boolean },
  io: Io,
): Promise<number> {
  if (isDry) {
    const { dryRun } = await import('../../pipeline/dry-run.ts');
    const { formatDryRun } = await import('./dry-run.ts');
    const found = await dryRun(request);
    if (json) io.printJson(found);
    else io.print(formatDryRun(request.out, found));
    return 0;
  }
  const { runRequest } = await import('../../pipeline/run.ts');
  const manifest = await runRequest(request);
  return manifest && isPartial(manifest) ? SAMPLES_SKIPPED : 0;
}

const EXAMPLES: Record<Media, string[]> = {
  images: [
    'pipeline run images photos/ --out photos-256',
    'pipeline run images @train.txt data/*.tar --out ds --size 128 --val-fraction 0.01',
  ],
  videos: [
    'pipeline run videos clips/ --out clips-256x144',
    'pipeline run videos @train.txt --out ds --profile reproducible --frames 30 --workers 8',
  ],
};

function runCommand(media: Media) {
  const { definition, known } = chosenCodec(media);
  return command({
    name: `run ${media}`,
    summary: `Turn ${media} into packed token shards; run the same command again to continue after a stop`,
    positionals: [SRC],
    options: runOptionsOf(definition, known),
    examples: EXAMPLES[media],
    notes: definition.reads,
    goOn: 'same',
    async run(sources, options, io) {
      const { requestOf } = await import('../../pipeline/request.ts');
      const watching = await watchingOf(io, options, definition.noun);
      const request = await requestOf(definition, sources, options, watching);
      return runOrShow(request, options, io);
    },
  });
}

function planCommand(media: Media) {
  const { definition, known } = chosenCodec(media);
  return command({
    name: `plan ${media}`,
    summary:
      'List the inputs, freeze the plan and learn the tokenizer: the first step of several ranks',
    positionals: [SRC],
    options: planOptionsOf(definition, known),
    examples: [EXAMPLES[media][0].replace('run', 'plan')],
    goOn: 'same',
    async run(sources, options, io) {
      const { requestOf } = await import('../../pipeline/request.ts');
      const { runRequest } = await import('../../pipeline/run.ts');
      const watching = await watchingOf(io, options, definition.noun);
      await runRequest(
        await requestOf(definition, sources, options, { ...watching, planOnly: true }),
      );
      return 0;
    },
  });
}

const DATASET = { name: 'dataset', description: 'Dataset directory, or s3://…', isPlace: true };

const status = command({
  name: 'status',
  summary:
    'Show the progress of a dataset: done, left, failed, remaining time; also while it runs elsewhere',
  positionals: [DATASET],
  options: statusOptions,
  examples: ['pipeline status photos-256'],
  async run([out], options, io) {
    const { readStatus } = await import('../../pipeline/status/status.ts');
    const { formatStatus } = await import('./status.ts');
    const found = await readStatus(out);
    const { readQueue } = await import('../../pipeline/queue/status.ts');
    const queue = options.queue === undefined ? null : await readQueue(options.queue, out);
    if (options.json) io.printJson({ ...found, queue });
    else io.print(formatStatus(out, found, queue));
    return 0;
  },
});

const extend = command({
  name: 'extend',
  summary:
    'Add inputs to a complete dataset by its own recipe; old shards and the split stay as they are',
  positionals: [DATASET, SRC],
  options: extendOptions,
  examples: ['pipeline extend photos-256 more-photos/', 'pipeline extend ds --list new.csv'],
  notes:
    'Size, quality, tokenizer, curation, columns and all else are those of the dataset, in its plan.json; an option that would change them is refused. Inputs that are in the dataset already are passed over. After a stop, the same command goes on.',
  goOn: 'same',
  async run([out, ...sources], options, io) {
    const { extendPipeline } = await import('../../pipeline/index.ts');
    const { json, quiet, ...given } = options;
    const watching = await watchingOf(io, { json, quiet });
    return isPartial(await extendPipeline({ out, sources, ...given, ...watching }))
      ? SAMPLES_SKIPPED
      : 0;
  },
});

const finalize = command({
  name: 'finalize',
  summary: 'Pack the tails and write dataset.json, when all ranks are done',
  positionals: [DATASET],
  options: finalizeOptions,
  examples: ['pipeline finalize photos-256'],
  async run([out], options, io) {
    const { finalizeDataset } = await import('../../pipeline/finish/finalize.ts');
    const { doneEvent } = await import('../../pipeline/events.ts');
    const { onEvent } = await watchingOf(io, options);
    const manifest = await finalizeDataset(absolutePlace(out), parseShare(options.maxFailures));
    onEvent(doneEvent(out, manifest, { isNew: true }));
    return isPartial(manifest) ? SAMPLES_SKIPPED : 0;
  },
});

export const spec: CliSpec = {
  name: 'pipeline',
  summary: 'Turn a corpus of media files into a dataset of packed token shards',
  groups: {
    run: 'Turn a corpus into packed token shards',
    plan: 'List the inputs and learn the tokenizer, before several ranks run',
  },
  commands: [
    runCommand('images'),
    runCommand('videos'),
    planCommand('images'),
    planCommand('videos'),
    extend,
    status,
    finalize,
  ],
};
