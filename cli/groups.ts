/**
 * Headings of options in `--help`, and their order. A schema may choose another heading by `.meta({
 * group })`.
 */
import type { Field } from './fields.ts';

const GROUPS: Readonly<Record<string, string>> = {
  Input: 'data cache cacheSize prompt promptRatio promptMarker promptFrames samples doc all row',
  Columns: '',
  Documents: 'codec',
  Tokens: 'merges vocabSize bpeSamples tokenizer seqLen',
  Plan: 'partitionSize valFraction',
  Curation: '',
  Model: 'checkpoint preset set init branch resume precision',
  Pictures: 'resize skipBroken',
  Distances: 'kidSubsets kidSubsetSize bootstrap',
  Sampling: 'num temperature topK topP minP seed grammar maxTokens',
  Server: 'host port apiKey model maxQueue maxBody',
  Output: 'out to format html title map raw stream json quiet dryRun',
  Failures: 'maxFailures retryFailed allowEncoderChange',
  Machine: 'mfu queue workers threads batch rank worldSize device backend gpu',
};

/** Heading of options that are in no list. */
const OTHER = 'Options';

const ORDER = [...Object.keys(GROUPS), OTHER];

/** The heading of `-h, --help`, which comes last. */
export const HELP_GROUP = 'Help:';

const GROUP_OF = new Map(
  Object.entries(GROUPS).flatMap(([group, keys]) => keys.split(' ').map((key) => [key, group])),
);

/** @param hasCodec options in no list are those of the chosen codec */
export function groupOf({ key, group }: Field, hasCodec: boolean): string {
  return group ?? GROUP_OF.get(key) ?? (hasCodec ? 'Documents' : OTHER);
}

/** Sorts as `--help` shows them: by group, required ones first in each. */
export function inGroups<Item extends { group: string; isRequired: boolean }>(
  items: readonly Item[],
): Item[] {
  const place = (group: string) => {
    const at = ORDER.indexOf(group);
    return at < 0 ? ORDER.length : at;
  };
  return [...items].sort(
    (a, b) => place(a.group) - place(b.group) || Number(b.isRequired) - Number(a.isRequired),
  );
}
