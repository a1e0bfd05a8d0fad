/** Lists what is new in the sources of an extension, and freezes it: lists first, their round last. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { storageAt } from '../../base/storage/index.ts';
import type { Extension, PlanConfig } from '../../schemas/plan.ts';
import { documentHashes } from '../../shards/index.ts';
import { linesOfInputs } from '../clips/lines.ts';
import type { ColumnCollector } from '../columns/collector.ts';
import { curatePartitions } from '../curate/curate.ts';
import { decider } from '../curate/decide.ts';
import { SeenHashes } from '../curate/seen.ts';
import { paths, writeJson, writeText } from '../files.ts';
import {
  allSources,
  partitionsBefore,
  partitionsOfExtension,
  partitionsOfRound,
} from '../finish/rounds.ts';
import { identityOf, onDuplicateOf, spoolInputs, writeLists } from '../plan/make.ts';
import type { Spool } from '../plan/order.ts';
import { nameOf, type Partition, partitionsOf, readList } from '../plan/plan.ts';
import type { ListingLog } from '../sources/list-inputs.ts';
import { baseOf } from '../sources/source.ts';
import type { Extending } from './request.ts';

/**
 * @returns undefined when every input of the sources is in the dataset already
 * @throws CodecLmError `INPUT_EMPTY` when the sources have no inputs
 */
export async function freezeExtension(request: Extending): Promise<Extension | undefined> {
  const { plan, before, sources, codec, emit } = request;
  const known = await knownInputs(request);
  const firstSource = allSources(plan, before).length;
  const config = configOf(request);
  const prefix = join(tmpdir(), 'codec-lm-extend-');
  const folder = await mkdtemp(prefix).catch((error) => {
    throw writeError(error, prefix, 'making a temporary folder');
  });
  let spool: Spool | undefined;
  try {
    const { extensions, noun } = codec.definition;
    const onFound = (found: number) => emit({ type: 'listing', found });
    const listing = { ...request, config, extensions, noun, onFound };
    const found = await spoolInputs(listing, join(folder, 'spool'), {
      firstSource,
      has: (identity) => known.has(hashOf(identity)),
      mayLackColumns: true,
    });
    ({ spool } = found);
    if (spool.length === 0) return undefined;
    return await freeze(request, config, [...sources], spool, found.log, found.columns);
  } finally {
    spool?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The recipe with all sources; columns keep the types that they have. */
function configOf({ plan, before, sources }: Extending): PlanConfig {
  const { config, columns = [] } = plan;
  const all = [...allSources(plan, before), ...sources];
  if (!config.columns) return { ...config, sources: all };
  const of = config.columns.of.map((spec, i) => ({ ...spec, type: columns[i].type }));
  return { ...config, sources: all, columns: { ...config.columns, of } };
}

async function freeze(
  request: Extending,
  config: PlanConfig,
  sources: string[],
  spool: Spool,
  log: ListingLog,
  columns: ColumnCollector | undefined,
): Promise<Extension> {
  const { out, plan, before, round, lock, signal, emit } = request;
  const { duplicates, ...files } = spool.finish(onDuplicateOf(config, columns));
  const { count, lines } = linesOfInputs(files, config);
  log.listing.duplicates += duplicates;
  const { next } = await partitionsOfRound(out, plan, round - 1);
  const firstNumber = await partitionsBefore(out, plan, round);
  const partitions = partitionsOf({ inputs: count }, config.partitionSize).map(
    ({ count: inputs }, i): Partition => ({
      number: firstNumber + i,
      index: next + i,
      name: nameOf('train', next + i),
      count: inputs,
    }),
  );
  const firstInput = plan.inputs + before.reduce((sum, { inputs }) => sum + inputs, 0);
  await lock.check();
  const hashes = await writeLists(lines, partitions, firstInput, {
    signal,
    write: (name, text) => writeText(paths.list(out, name), text),
    onFrozen: (done, total) => emit({ type: 'freezing', done, total }),
  });
  const extension: Extension = {
    round,
    sources,
    firstInput,
    inputs: count,
    ...hashes,
    partitions: partitions.map(({ number, index, name, count: inputs }) => ({
      number,
      index,
      name,
      count: inputs,
    })),
    tailIndex: next + partitions.length,
    listing: log.listing,
    ...(columns ? { columns: columns.resolve(true) } : {}),
  };
  await lock.check();
  await writeJson(paths.extension(out, round), extension);
  return extension;
}

/** The inputs that the dataset has, by the hashes of their identities. */
async function knownInputs({ out, plan, before, round, signal }: Extending): Promise<SeenHashes> {
  const known = new SeenHashes();
  const bases = allSources(plan, before).map(baseOf);
  for (let number = 0; number < round; number++) {
    const { kind, partitions } = await partitionsOfRound(out, plan, number);
    // A round of retries has inputs that were listed before.
    if (kind === 'retry') continue;
    for (const partition of partitions) {
      signal.throwIfAborted();
      for (const { docId, input } of await readList(out, partition)) {
        known.add(hashOf(identityOf(bases, input)), docId);
      }
    }
  }
  return known;
}

function hashOf(identity: string): Buffer {
  return createHash('sha256').update(identity, 'latin1').digest();
}

/**
 * Decides which of the new inputs are left out: also those whose content is that of a document.
 * @returns the extension with its decisions, saved
 */
export async function curateExtension(
  request: Extending,
  extension: Extension,
): Promise<Extension> {
  const { out, plan, before, codec, lock, emit } = request;
  const { curation } = plan.config;
  if (!curation || extension.curated) return extension;
  const bases = allSources(plan, [...before, extension]).map(baseOf);
  const decide = decider(curation, await contentsOf(request));
  const curated = await curatePartitions(partitionsOfExtension(extension), curation, decide, {
    ...request,
    bases,
    definition: codec.definition,
  });
  await lock.check();
  const whole = { ...extension, curated };
  await writeJson(paths.extension(out, request.round), whole);
  await storageAt(out).removeAll(paths.surveys(out));
  const { filteredByReason } = curated;
  emit({ type: 'curated', filteredByReason, inputs: extension.inputs });
  return whole;
}

/** The contents of all documents, where duplicates are left out. */
async function contentsOf({ out, plan, manifest }: Extending): Promise<SeenHashes> {
  const seen = new SeenHashes();
  const { duplicates, nearDuplicates } = plan.config.curation!;
  if (duplicates === undefined && nearDuplicates === undefined) return seen;
  for await (const { docId, sha256 } of documentHashes(out, manifest)) {
    if (sha256 === undefined) throw withoutHashes(out);
    seen.add(Buffer.from(sha256, 'hex'), docId);
  }
  return seen;
}

function withoutHashes(out: string): CodecLmError {
  return new CodecLmError(
    'DATASET_MISMATCH',
    `${out}: its recipe leaves duplicates out, but documents/ has no content hashes`,
    {
      path: out,
      hint: 'it was made by an earlier version: make the dataset anew, with all sources',
    },
  );
}
