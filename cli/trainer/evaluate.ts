/** `trainer evaluate features` and `trainer evaluate compare`: sets of pictures by their features. */
import { z } from 'zod';
import type { CodecLmError } from '../../base/error.ts';
import { formatTable } from '../../base/format.ts';
import type { Comparison, EvaluationEvent } from '../../evaluation/index.ts';
import {
  distanceOptions,
  networkOption,
  resizeOption,
  skipBrokenOption,
} from '../../schemas/evaluation.ts';
import { command, type Io } from '../command.ts';

const json = z.boolean().default(false).describe('One JSON value a line');

export const evaluateFeatures = command({
  name: 'evaluate features',
  summary: 'Features of a folder of pictures, with their mean and covariance, as an .npz file',
  positionals: [{ name: 'dir', description: 'Folder of pictures, with all folders below it' }],
  options: z.object({
    features: networkOption,
    to: z.string().describe('File to write').meta({ valueName: 'stats.npz' }),
    resize: resizeOption.default('clean'),
    skipBroken: skipBrokenOption,
    json,
  }),
  examples: [
    'trainer evaluate features photos --features inception.safetensors --to photos.npz',
    'trainer evaluate features photos --features WEIGHTS --resize pytorch --to photos.npz',
  ],
  notes: 'pytorch-fid reads the file as well. Exit code 3: pictures were skipped (--skip-broken).',
  async run([dir], { features, to, resize, skipBroken, json }, io) {
    const { writeFeatures } = await import('../../evaluation/compare.ts');
    const onEvent = listener(io);
    const { signal } = io;
    const done = await writeFeatures(dir, { features, to, resize, skipBroken, signal, onEvent });
    io.progress.done();
    const { count, dims, network } = done;
    if (json) io.printJson({ file: to, pictures: count, dims, features: network, resize });
    else io.print(`${to}: ${count} pictures, ${dims} features of ${network}, resize ${resize}`);
    return reportSkipped(done.skipped, io);
  },
});

export const evaluateCompare = command({
  name: 'evaluate compare',
  summary: 'Fréchet distance, KID, precision and recall of two sets of pictures',
  positionals: [
    {
      name: 'ref',
      description: 'The reference: a folder of pictures or an .npz file of statistics',
    },
    { name: 'gen', description: 'What is measured, for example samples: a folder or an .npz file' },
  ],
  options: z.object({ features: networkOption.optional(), ...distanceOptions, json }),
  examples: [
    'trainer evaluate compare photos samples --features inception.safetensors',
    'trainer evaluate compare photos.npz samples --features WEIGHTS --json',
    'trainer evaluate compare photos.npz samples.npz --bootstrap 20',
  ],
  notes:
    'Encoding as JPEG alone moves these figures: compare with the raw pictures and with their canonical bytes (docs/evaluation.md). Exit code 3: pictures were skipped (--skip-broken).',
  async run([reference, generated], { json, ...options }, io) {
    const { compare } = await import('../../evaluation/compare.ts');
    const { signal } = io;
    const found = await compare(reference, generated, {
      ...options,
      signal,
      onEvent: listener(io),
    });
    io.progress.done();
    if (json) io.printJson(asJson(found));
    else printTable(found, io);
    return reportSkipped(found.skipped, io);
  },
});

/** Unknown figures are null, so that every line has the same keys; errors are there only where they were asked for. */
function asJson({ fid, kid, precision, recall, errors, ...found }: Comparison) {
  const { reference, generated, features, resize, inceptionScore } = found;
  return {
    fid,
    kid: kid?.mean ?? null,
    precision: precision ?? null,
    recall: recall ?? null,
    ...{ reference, generated, features, resize },
    ...(inceptionScore && { inceptionScore: inceptionScore.mean }),
    ...(errors && { errors: { ...errors, kid: kid?.deviation } }),
  };
}

function printTable(found: Comparison, io: Io): void {
  const { fid, kid, precision, recall, inceptionScore, errors } = found;
  const row = (name: string, value: number | undefined, deviation: number | undefined) =>
    value === undefined
      ? []
      : [
          [
            name,
            value.toPrecision(6),
            deviation === undefined ? '' : `± ${deviation.toPrecision(2)}`,
          ],
        ];
  const rows = [
    ...row(distanceName(found.features), fid, errors?.fid),
    ...row('KID', kid?.mean, kid?.deviation),
    ...row('precision', precision, errors?.precision),
    ...row('recall', recall, errors?.recall),
    ...row('Inception score of the generated', inceptionScore?.mean, inceptionScore?.deviation),
  ];
  io.print(`${found.reference} and ${found.generated}: ${found.features}, resize ${found.resize}`);
  io.print(formatTable(['figure', 'value', 'deviation'], rows));
}

/** FID is the distance of FID's own network; files of other tools are taken to be of it. */
function distanceName(network: string): string {
  if (network === 'FID-Inception') return 'FID';
  return network === 'unknown' ? 'FID (by the name of the file alone)' : `FD-${network}`;
}

function listener(io: Io): (event: EvaluationEvent) => void {
  return (event) => {
    if (event.type === 'backend') io.log(event.reason);
    else if (event.type === 'warning') io.log(`warning: ${event.message}`);
    else io.progress.update(`${event.folder}: ${event.done}/${event.total} pictures`);
  };
}

function reportSkipped(skipped: readonly CodecLmError[], io: Io): number {
  for (const error of skipped) io.log(`skipped: ${error.message} [${error.code}]`);
  if (skipped.length > 0) io.log(`${skipped.length} pictures were skipped`);
  return skipped.length > 0 ? 3 : 0;
}
