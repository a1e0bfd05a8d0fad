/**
 * README.md of a dataset: a card that Hugging Face's `datasets` reads. Without its `configs`,
 * `load_dataset(DS)` recognizes only the names `val-…` and gives the held-out documents alone.
 */
import { createHash } from 'node:crypto';
import { formatClips, formatCount, formatLong } from '../../base/format.ts';
import { joinPlace } from '../../base/storage/index.ts';
import { clipsIn } from '../../schemas/clips.ts';
import { CARD_FILE, type CardEntry, type Manifest, type Split } from '../../schemas/dataset.ts';
import { writeText } from '../files.ts';

const NAMES: Readonly<Record<Split, { split: string; files: string }>> = {
  train: { split: 'train', files: 'shards/part-*.parquet' },
  val: { split: 'validation', files: 'shards/val-*.parquet' },
};

/**
 * Writes the card of a dataset; equal manifests give equal bytes.
 * @returns its entry in dataset.json
 * @throws CodecLmError `DISK_FULL` …
 */
export async function writeCard(out: string, manifest: Manifest): Promise<CardEntry> {
  const text = cardOf(manifest);
  await writeText(joinPlace(out, CARD_FILE), text);
  const bytes = Buffer.from(text);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function cardOf(manifest: Manifest): string {
  const splits = (['train', 'val'] as const).filter((split) => rowsOf(manifest, split) > 0);
  const dataFiles = splits.flatMap((split) => [
    `      - split: ${NAMES[split].split}`,
    `        path: ${NAMES[split].files}`,
  ]);
  const front = ['---', 'configs:', '  - config_name: default', '    data_files:', ...dataFiles];
  return `${[...front, '---', ...describe(manifest, splits)].join('\n')}\n`;
}

function describe(manifest: Manifest, splits: readonly Split[]): string[] {
  const { codec, seqLen, vocabSize, tokenizerHash, totals, createdBy } = manifest;
  const settings = Object.entries(codec.settings).map(
    ([name, value]) => `${name} ${formatLong(String(value))}`,
  );
  const missing = totals.unread
    ? [`- not read: ${formatCount(totals.unread)} places in the sources, see plan.json`]
    : [];
  return [
    '',
    '# Packed token sequences',
    '',
    `Documents of the codec \`${codec.name}\` (${settings.join(', ')}), tokenized and packed by ${createdBy}.`,
    '',
    `- documents: ${formatCount(totals.documents)} of ${formatCount(totals.inputs)} inputs, ${formatCount(totals.failures)} failed`,
    ...clipLines(manifest),
    ...leftOut(manifest),
    ...missing,
    ...columnLines(manifest),
    `- tokens: ${formatCount(totals.tokens)}, and ${formatCount(totals.padding)} of padding`,
    ...splits.map((split) => {
      const rows = formatCount(rowsOf(manifest, split));
      return `- ${NAMES[split].split}: ${rows} sequences of ${formatCount(seqLen)} tokens`;
    }),
    `- tokenizer: \`tokenizer.json\`, ${formatCount(vocabSize)} ids, sha256 \`${tokenizerHash}\``,
    '',
    'Each row has `input_ids`, and `doc_ids` and `doc_starts`: which documents lie in it and at which',
    'token each begins. `dataset.json` lists all files with their hashes.',
    '',
    '```python',
    'from datasets import load_dataset',
    '',
    'dataset = load_dataset("PATH_OF_THIS_FOLDER")  # or streaming=True',
    '```',
  ];
}

/** A line for what curation left out, and for clips that are not there, if there was any. */
function leftOut({ totals, config: { curation, clips } }: Manifest): string[] {
  if (!curation && !clips) return [];
  const reasons = Object.entries(totals.filteredByReason ?? {});
  const counts = reasons.map(([reason, n]) => `${formatCount(n)} ${reason}`).join(', ');
  return [`- left out: ${counts || 'none'}; see filtered/`];
}

/** A line for a dataset whose inputs are clips. */
function clipLines({ config, totals }: Manifest): string[] {
  const clips = clipsIn(config);
  return clips ? [`- clips: ${formatClips(clips, totals.inputs)}`] : [];
}

/** A line for the columns of documents/, if there are any. */
function columnLines({ columns = [] }: Manifest): string[] {
  if (columns.length === 0) return [];
  const named = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  return [`- columns of \`documents/\`: ${named}`];
}

function rowsOf({ shards }: Manifest, split: Split): number {
  return shards.reduce((sum, shard) => sum + (shard.split === split ? shard.rows : 0), 0);
}
