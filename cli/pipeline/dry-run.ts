/** `pipeline run --dry-run` for people. */

import { formatBytes, formatClips, formatCount, formatLong } from '../../base/format.ts';
import type { DryRun } from '../../pipeline/dry-run.ts';
import { describeColumn } from '../columns.ts';
import { formatCodes } from './codes.ts';

export function formatDryRun(out: string, found: DryRun): string {
  const { sample, estimate: guess, codec } = found;
  const settings = Object.entries(codec.settings).map(
    ([key, value]) => `${key} ${formatLong(String(value))}`,
  );
  const versions = Object.entries(codec.versions).map(([key, value]) => `${key} ${value}`);
  const lines: [string, string][] = [
    ['dataset', `${out} (nothing is written)`],
    ['inputs', formatCount(found.inputs)],
    ...(found.clips ? [['clips', formatClips(found.clips, found.inputs)] as [string, string]] : []),
    ['held out', `${found.valFraction * 100} % of the documents`],
    ['partitions', formatCount(found.partitions)],
    ['duplicates', formatCount(found.duplicates)],
    ['passed over', formatCodes(found.ignored) || 'none'],
    ...found.problems.map(({ path, problem }): [string, string] => [
      'not listed',
      `${path}: ${problem}`,
    ]),
    ...(found.columns
      ? [['columns', found.columns.map(describeColumn).join(', ')] as [string, string]]
      : []),
    ['codec', `${codec.name}: ${settings.join(', ')}`],
    ['encoder', versions.join(', ')],
    [
      'sample',
      `${sample.documents} of ${sample.inputs} inputs encoded in ${sample.seconds.toFixed(1)} s`,
    ],
    ...(sample.filtered
      ? [['left out', formatCodes(sample.filtered) || 'none of the sample'] as [string, string]]
      : []),
    ['failed', formatCodes(sample.failures) || 'none of the sample'],
  ];
  if (guess) {
    lines.push(
      ['documents', `about ${formatCount(guess.documents)} of ${formatBytes(guess.bytes)}`],
      ['tokens', `about ${formatCount(guess.tokens)} in ${formatCount(guess.sequences)} sequences`],
      ['disk', `about ${formatBytes(guess.disk)} of shards`],
    );
  }
  return lines.map(([name, value]) => `${name.padEnd(11)} ${value}`).join('\n');
}
